"""The access review: what admins should check (L2)."""

from __future__ import annotations

from datetime import timedelta

from rollcall.accounts.reconciliation import Findings, ReconciliationSummary, store_summary
from rollcall.accounts.sweep import begin_pass, continue_pass
from rollcall.directory.conditions import read_filter
from rollcall.directory.directory import open_directory
from rollcall.lifecycle.access_review import (
    FILTERS,
    GRACE,
    LISTED_AT_MOST,
    Finding,
    find_differences,
    find_invitations,
    find_users,
)
from rollcall.users.statuses import Status
from tests.faults.staging import leave_behind
from tests.world.world import World


def test_each_kind_is_counted_and_partly_named(world: World) -> None:
    world.sign_in(world.admin_id)
    group_id = world.add_group("Readers")
    world.add_user("off@example.com", status=Status.INACTIVE)
    for number in range(LISTED_AT_MOST + 1):
        world.add_user(f"new{number:02}@example.com")
    member = world.add_user("member@example.com")
    world.join_group(member.id, group_id)
    world.build_directory()

    found = find_users(open_directory(world.call()))

    new = LISTED_AT_MOST + 1
    assert {name: each.number for name, each in found.items()} == {
        "admins": 1,
        "without_groups": new + 1,
        "never_signed_in": new + 1,
        "disabled": 1,
    }
    assert found["admins"].named == ("admin@example.com",)
    assert found["never_signed_in"].named[:2] == ("member@example.com", "new00@example.com")
    assert len(found["never_signed_in"].named) == LISTED_AT_MOST


def test_invitations_are_pending_or_expired_by_their_own_expiry(world: World) -> None:
    first, late = (world.add_invitation(f"{name}@example.com") for name in ("first", "late"))
    accepted, closed = world.add_invitation(), world.add_invitation()
    world.commit(accepted, accepted.accepted(world.clock.now))
    world.commit(closed, closed.cancelled(world.clock.now))
    world.clock.advance(days=6)
    world.commit(first, first.renewed(world.call(), first.email, timedelta(days=7)))
    world.add_invitation("last@example.com")

    world.clock.now = late.ends_at
    found = find_invitations(world.runtime.table, world.clock.now)

    assert found["expired_invitations"].named == ("late@example.com",)
    assert found["pending_invitations"].named == ("first@example.com", "last@example.com")
    world.clock.now -= timedelta(milliseconds=1)
    found = find_invitations(world.runtime.table, world.clock.now)
    assert (found["expired_invitations"].number, found["pending_invitations"].number) == (0, 3)


def test_accounts_out_of_sync_are_listed_after_a_grace_period(world: World) -> None:
    user = world.add_user("stuck@example.com")
    leave_behind(world, user, user.with_status(Status.INACTIVE, world.clock.now))
    world.clock.now += GRACE - timedelta(milliseconds=1)
    found = find_differences(world.runtime.table, world.clock.now)
    assert found == {"out_of_step": Finding(0, ())}
    world.clock.advance(milliseconds=2)
    found = find_differences(world.runtime.table, world.clock.now)
    assert found == {"out_of_step": Finding(1, ("stuck@example.com",))}


def test_orphans_are_those_of_the_last_reconciliation(world: World) -> None:
    call = world.call("reconcile_identities")
    names = [f"stranger-{number:02}" for number in range(LISTED_AT_MOST)]
    findings = Findings(orphans=LISTED_AT_MOST + 1, orphan_ids=tuple(names))
    store_summary(call, ReconciliationSummary.of(call, findings, call.now))
    found = find_differences(world.runtime.table, world.clock.now)
    assert found["orphans"] == Finding(LISTED_AT_MOST + 1, tuple(names))


def test_orphans_stay_the_same_while_a_pass_is_under_way(world: World) -> None:
    for name in ("first", "second"):
        pool_id = world.runtime.identity.user_pool_id
        world.cognito.admin_create_user(UserPoolId=pool_id, Username=name)
    world.clock.advance(minutes=16)
    begin_pass(world.call())
    world.runtime.identity.delete("first")

    begin_pass(world.call(), seconds=-1)
    during = find_differences(world.runtime.table, world.clock.now)
    continue_pass(world.call())

    assert during["orphans"] == Finding(2, ("first", "second"))
    after = find_differences(world.runtime.table, world.clock.now)
    assert after["orphans"] == Finding(1, ("second",))


def test_filter_of_each_kind_is_valid_in_lists() -> None:
    for text in FILTERS.values():
        read_filter(text)


def test_finding_is_described_independent_of_language() -> None:
    assert Finding(0, (), "GET /admin/users").describe() == "0"
    assert Finding(1, ("ada@example.com",)).describe() == "1\n• ada@example.com"
    many = Finding(3, ("ada@example.com",), "GET /admin/users")
    assert many.describe() == "3\n• ada@example.com\n…\nGET /admin/users"
