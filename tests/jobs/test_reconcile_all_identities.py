"""The full comparison of all accounts with their users (L3, I1, I2, I3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.jobs.reconcile_all_identities import reconcile_all_identities
from functions.users.update_user import update_user
from rollcall.accounts.drift import GRACE
from rollcall.accounts.reconciliation import (
    ORPHANS_NAMED,
    ReconciliationSummary,
    read_reconciliation,
)
from rollcall.accounts.sweep import Reconciliation
from rollcall.users.user import User
from tests.world.aws_edge import failing, watched
from tests.world.iam import acting_as
from tests.world.world import World


def reconcile(world: World) -> Reconciliation:
    with acting_as(reconcile_all_identities):
        return reconcile_all_identities.run(world.runtime)


def reconcile_later(world: World) -> Reconciliation:
    """The time at which present changes are no longer recent."""
    world.clock.now += LATER
    return reconcile(world)


def summary(world: World) -> ReconciliationSummary:
    found = read_reconciliation(world.runtime.table)
    assert found is not None
    return found


def set_attributes(world: World, user: User, **attributes: str) -> None:
    world.cognito.admin_update_user_attributes(
        UserPoolId=world.runtime.identity.user_pool_id,
        Username=user.id,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )


def add_stranger(world: World, name: str) -> None:
    world.cognito.admin_create_user(
        UserPoolId=world.runtime.identity.user_pool_id, Username=name, MessageAction="SUPPRESS"
    )


def addressed(world: World, user: User) -> dict[str, Any]:
    """The account without what Cognito leaves behind when an address is taken away."""
    account = world.account(user.id) or {}
    without_phone = "phone_number" not in account
    return {k: v for k, v in account.items() if not (without_phone and k.startswith("phone"))}


LATER = GRACE + timedelta(seconds=1)

BY_HAND: dict[str, Callable[[World, User], Any]] = {
    "another email": lambda world, user: set_attributes(
        world, user, email="elsewhere@example.com", email_verified="true"
    ),
    "an unverified email": lambda world, user: set_attributes(world, user, email_verified="false"),
    "another name": lambda world, user: set_attributes(world, user, name="Somebody Else"),
    "a phone number": lambda world, user: set_attributes(
        world, user, phone_number="+4915112345678", phone_number_verified="true"
    ),
    "disabled": lambda world, user: world.runtime.identity.set_enabled(user.id, False),
    "put among the admins": lambda world, user: world.runtime.identity.set_admin(user.id, True),
}


@pytest.mark.parametrize("change", BY_HAND.values(), ids=list(BY_HAND))
def test_manual_changes_are_repaired(world: World, change: Callable[[World, User], Any]) -> None:
    user = world.add_user(name="Some Name")
    before = addressed(world, user)
    change(world, user)
    assert addressed(world, user) != before

    report = reconcile_later(world)

    assert (report.mended, report.failed, report.orphans) == (1, 0, 0)
    assert addressed(world, user) == before
    assert reconcile(world).mended == 0


def test_admin_taken_out_of_the_cognito_group_is_put_back(world: World) -> None:
    world.runtime.identity.set_admin(world.admin_id, False)

    assert reconcile_later(world).mended == 1

    account = world.account(world.admin_id)
    assert account is not None
    assert account["admin"] is True


def test_run_without_differences_only_writes_its_position_and_the_time(world: World) -> None:
    world.add_user()
    assert reconcile_later(world) == Reconciliation(accounts=2, users=2)

    with watched(world.aws) as seen:
        report = reconcile_later(world)

    assert report == Reconciliation(accounts=2, users=2)
    assert {call.operation for call in seen} == {
        "AdminGetUser",
        "BatchGetItem",
        "GetItem",
        "ListUsers",
        "ListUsersInGroup",
        "Query",
        "UpdateItem",
    }
    assert summary(world).completed_at == world.clock.now
    assert len(world.journal(summary(world).id)) == 1


def test_recently_changed_user_is_left_to_the_operation(world: World) -> None:
    missed, meddled, lost, erased = (world.add_user() for _ in range(4))
    world.write(erased, erased.as_erased(world.clock.now))
    with failing(world.aws, "cognito-idp"):
        world.invoke(update_user, path={"user_id": missed.id}, body={"phone": "+4915112345678"})
    world.runtime.identity.set_enabled(meddled.id, False)
    world.runtime.identity.delete(lost.id)
    add_stranger(world, "stranger")
    world.seen.update(entry.id for entry in world.journal())
    world.clock.now += GRACE - timedelta(seconds=1)

    early = reconcile(world)
    world.clock.advance(seconds=2)
    late = reconcile(world)

    assert (early.mended, early.orphans) == (0, 0)
    assert (late.mended, late.failed, late.orphans) == (4, 0, 1)
    assert (world.account(missed.id) or {})["phone_number"] == "+4915112345678"
    assert (world.account(meddled.id) or {})["enabled"]
    assert world.account(lost.id)
    assert world.account(erased.id) is None
    assert world.user(missed.id).in_step


def test_manually_deleted_account_of_a_disabled_user_is_created_disabled(world: World) -> None:
    closed = world.add_user()
    world.change_user(closed, closed.as_deleted(world.clock.now))
    world.runtime.identity.delete(closed.id)

    report = reconcile_later(world)

    assert (report.mended, report.failed) == (1, 0)
    assert (world.account(closed.id) or {})["enabled"] is False
    assert reconcile(world).mended == 0


def test_accounts_without_a_user_are_reported_and_never_deleted(world: World) -> None:
    for name in ("stranger", "usr_of_nobody"):
        add_stranger(world, name)

    for _ in range(2):
        report = reconcile_later(world)
        assert (report.accounts, report.orphans, report.mended) == (3, 2, 0)

    assert world.account("stranger") is not None
    assert world.account("usr_of_nobody") is not None
    assert summary(world).orphan_ids == ("stranger", "usr_of_nobody")


def test_every_page_of_the_pool_is_read_and_the_first_orphans_are_named(world: World) -> None:
    for number in range(130):
        add_stranger(world, f"stranger{number:03}")
    user = world.add_user()
    world.runtime.identity.set_enabled(user.id, False)

    report = reconcile_later(world)

    assert (report.accounts, report.orphans, report.mended) == (132, 130, 1)
    kept = summary(world)
    assert (kept.orphans, kept.out_of_step, kept.failed) == (130, 0, 0)
    assert kept.orphan_ids == tuple(f"stranger{number:03}" for number in range(ORPHANS_NAMED))


def test_password_that_only_its_admin_knows_is_waited_for(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.with_credential("password", world.clock.now))

    for _ in range(2):
        report = reconcile_later(world)
        assert (report.mended, report.failed, report.waiting) == (0, 0, 1)

    assert summary(world).out_of_step == 1


def test_account_that_cannot_be_repaired_does_not_delay_others(world: World) -> None:
    users = [world.add_user() for _ in range(3)]
    for user in users:
        world.runtime.identity.set_enabled(user.id, False)

    with failing(world.aws, "cognito-idp", "AdminEnableUser", times=1):
        report = reconcile_later(world)

    assert (report.mended, report.failed) == (2, 1)
    assert (summary(world).out_of_step, summary(world).failed) == (1, 1)
    assert reconcile(world).mended == 1
