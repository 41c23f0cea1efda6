"""The scheduled reconciliation of Cognito with the table (L3, I1, I2, I3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.jobs.reconcile_identities import Reconciliation, reconcile_identities
from functions.users.update_user import update_user
from rollcall.users import User
from tests.aws_edge import failing, watched
from tests.iam import acting_as
from tests.world import World


def reconcile(world: World) -> Reconciliation:
    with acting_as(reconcile_identities):
        return reconcile_identities.run(world.runtime)


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
def test_what_was_changed_by_hand_is_mended(
    world: World, change: Callable[[World, User], Any]
) -> None:
    user = world.add_user(name="Some Name")
    before = addressed(world, user)
    change(world, user)
    assert addressed(world, user) != before

    report = reconcile(world)

    assert (report.mended, report.failed, report.orphans) == (1, 0, 0)
    assert addressed(world, user) == before
    assert reconcile(world).mended == 0


def test_admin_taken_out_of_the_cognito_group_is_put_back(world: World) -> None:
    world.runtime.identity.set_admin(world.admin_id, False)

    assert reconcile(world).mended == 1

    account = world.account(world.admin_id)
    assert account is not None
    assert account["admin"] is True


def test_when_all_is_in_step_nothing_is_written(world: World) -> None:
    world.add_user()

    with watched(world.aws) as seen:
        report = reconcile(world)

    assert report == Reconciliation(accounts=2, mended=0, failed=0, orphans=0)
    assert {call.operation for call in seen} == {
        "Query",
        "BatchGetItem",
        "ListUsers",
        "ListUsersInGroup",
    }


def test_user_left_out_of_step_is_finished_after_a_minute(world: World) -> None:
    user = world.add_user()
    with failing(world.aws, "cognito-idp"):
        world.invoke(update_user, path={"user_id": user.id}, body={"phone": "+4915112345678"})
    world.seen.update(entry.id for entry in world.journal())

    world.clock.advance(minutes=2)
    reconcile(world)

    account = world.account(user.id)
    assert account is not None
    assert account["phone_number"] == "+4915112345678"
    assert world.user(user.id).in_step


def test_account_of_a_deleted_user_is_deleted(world: World) -> None:
    user = world.add_user()
    world.write(user, user.as_erased(world.clock.now))
    world.clock.advance(minutes=2)

    reconcile(world)

    assert world.account(user.id) is None


def test_account_that_was_deleted_by_hand_is_made_again_after_a_minute(world: World) -> None:
    active, closed = world.add_user(), world.add_user()
    world.change_user(closed, closed.as_deleted(world.clock.now))
    for user in (active, closed):
        world.runtime.identity.delete(user.id)
    assert reconcile(world).mended == 0

    world.clock.advance(minutes=2)
    report = reconcile(world)

    assert (report.mended, report.failed) == (2, 0)
    assert [(world.account(user.id) or {})["enabled"] for user in (active, closed)] == [True, False]
    assert reconcile(world).mended == 0


def test_accounts_that_no_user_has_are_counted_and_never_deleted(world: World) -> None:
    for name in ("stranger", "usr_of_nobody"):
        add_stranger(world, name)

    for _ in range(2):
        report = reconcile(world)
        assert (report.accounts, report.orphans, report.mended) == (3, 2, 0)

    assert world.account("stranger") is not None
    assert world.account("usr_of_nobody") is not None


def test_every_page_of_the_pool_is_looked_at(world: World) -> None:
    for number in range(130):
        add_stranger(world, f"stranger{number}")
    user = world.add_user()
    world.runtime.identity.set_enabled(user.id, False)

    report = reconcile(world)

    assert (report.accounts, report.orphans, report.mended) == (132, 130, 1)


def test_one_that_cannot_be_mended_keeps_no_other_waiting(world: World) -> None:
    users = [world.add_user() for _ in range(3)]
    for user in users:
        world.runtime.identity.set_enabled(user.id, False)

    with failing(world.aws, "cognito-idp", "AdminEnableUser", times=1):
        report = reconcile(world)

    assert (report.mended, report.failed) == (2, 1)
    assert reconcile(world).mended == 1
