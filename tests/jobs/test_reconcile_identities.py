"""Users who are marked as out of sync are repaired soon, without the full pass (L3, I1)."""

from __future__ import annotations

from datetime import timedelta

from functions.jobs.reconcile_all_identities import reconcile_all_identities
from functions.jobs.reconcile_identities import reconcile_identities
from functions.users.update_user import update_user
from rollcall.accounts.drift import GRACE
from rollcall.accounts.reconciliation import read_reconciliation
from rollcall.accounts.sweep import Reconciliation, begin_pass
from tests.world.aws_edge import failing, watched
from tests.world.iam import acting_as
from tests.world.world import World


def reconcile(world: World) -> Reconciliation:
    """A run at the time at which present changes are no longer recent."""
    world.clock.now += GRACE + timedelta(seconds=1)
    with acting_as(reconcile_identities):
        return reconcile_identities.run(world.runtime)


def test_change_that_cognito_missed_is_finished_without_listing_accounts(world: World) -> None:
    user = world.add_user()
    with failing(world.aws, "cognito-idp"):
        world.invoke(update_user, path={"user_id": user.id}, body={"phone": "+4915112345678"})
    world.seen.update(entry.id for entry in world.journal())

    with watched(world.aws) as seen:
        report = reconcile(world)

    assert report == Reconciliation(mended=1)
    assert (world.account(user.id) or {})["phone_number"] == "+4915112345678"
    assert world.user(user.id).in_step
    assert "ListUsers" not in {call.operation for call in seen}


def test_run_without_marked_users_reads_twice_and_writes_nothing(world: World) -> None:
    world.add_user()
    with watched(world.aws) as seen:
        assert reconcile(world) == Reconciliation()
    assert [call.operation for call in seen] == ["Query", "GetItem"]


def test_user_who_fails_is_reported_and_does_not_delay_the_pass(world: World) -> None:
    stuck, meddled = world.add_user(), world.add_user()
    world.write(stuck, stuck.model_copy(update={"name": "Another Name"}))
    world.runtime.identity.set_enabled(meddled.id, False)
    world.clock.advance(minutes=16)
    begin_pass(world.call(), seconds=-1)

    with failing(world.aws, "cognito-idp", "AdminUpdateUserAttributes"):
        report = reconcile(world)

    # Once as a marked user, and once by the pass.
    assert (report.mended, report.failed, report.complete) == (1, 2, True)
    found = read_reconciliation(world.runtime.table)
    assert found is not None
    assert (found.failed, found.mended) == (1, 1)


def test_jobs_run_often_enough_to_continue_a_pass_with_the_token_of_the_last_run() -> None:
    assert reconcile_identities.every == timedelta(minutes=15)
    assert reconcile_all_identities.cron_setting == "reconciliation_schedule"
