"""Admins get a weekly digest of access (L2)."""

from __future__ import annotations

from functions.jobs.access_review_digest import access_review_digest
from functions.jobs.rebuild_directory import rebuild_directory
from rollcall.accounts.reconciliation import Findings, ReconciliationSummary, store_summary
from rollcall.users.fields import Profile
from rollcall.users.statuses import Status
from tests.faults.staging import leave_behind
from tests.world.iam import acting_as
from tests.world.world import World


def test_admins_get_a_weekly_digest_and_the_log_has_the_numbers(world: World) -> None:
    world.add_user("second@example.com", is_admin=True)
    user = world.add_user("idle@example.com")
    leave_behind(world, user, user.with_status(Status.INACTIVE, world.clock.now))
    world.clock.advance(hours=1)
    world.build_directory()

    with acting_as(access_review_digest):
        reports = [access_review_digest.run(world.runtime) for _ in range(2)]

    assert reports[0].model_dump() == {
        "admins": 2,
        "without_groups": 2,
        "never_signed_in": 2,
        "disabled": 1,
        "pending_invitations": 0,
        "expired_invitations": 0,
        "out_of_step": 1,
        "orphans": None,
        "told": 2,
    }
    to = sorted(mail.to[0] for mail in world.mails())
    assert to == ["admin@example.com", "second@example.com"]
    text = world.mails()[0].text
    assert "Platform admins: 2\n• admin@example.com\n• second@example.com\nGET /admin/" in text
    assert "Disabled or suspended: 1\n• idle@example.com\n" in text
    assert "out of sync with the identity provider: 1\n• idle@example.com\n" in text
    assert "Invited, not yet accepted: 0\n\n" in text
    assert "without a user" not in text


def test_digest_names_invitations_and_orphaned_accounts_in_the_admins_language(
    world: World,
) -> None:
    admin = world.user(world.admin_id)
    world.change_user(admin, admin.model_copy(update={"profile": Profile(locale="de-DE")}))
    world.add_invitation("invited@example.com")
    call = world.call("reconcile_identities")
    findings = Findings(orphans=1, orphan_ids=("stranger",))
    store_summary(call, ReconciliationSummary.of(call, findings, call.now))
    world.build_directory()

    with acting_as(access_review_digest):
        access_review_digest.run(world.runtime)

    mail = world.mails()[-1]
    assert mail.subject == "Rollcall: Prüfung der Zugänge, 2026-01-05"
    assert "noch nicht angenommen: 1\n• invited@example.com\nGET /admin/invitations?" in mail.text
    assert "die niemandem gehören: 1\n• stranger\n" in mail.text
    assert "niemandem gehören:</strong> 1<br>\n• stranger</p>" in mail.html


def test_digest_is_sent_again_after_a_week(world: World) -> None:
    world.build_directory()
    access_review_digest.run(world.runtime)
    world.clock.advance(days=7)
    rebuild_directory.run(world.runtime)
    access_review_digest.run(world.runtime)
    assert len(world.mails()) == 2
