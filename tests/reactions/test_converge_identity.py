"""The stream reaction that synchronizes Cognito with the table (I1, I2, I20)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.reactions.converge_identity import converge_identity
from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Key
from rollcall.kit.journal import JournalEntry
from rollcall.kit.reaction import ReactionFailed
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.aws_edge import failing, watched
from tests.world.iam import acting_as
from tests.world.world import World


def keys(world: World, target_id: str) -> list[Key]:
    """The keys of the entries about one user."""
    return [entry.key() for entry in world.journal(target_id)]


def new_user(world: World, **fields: Any) -> User:
    now = world.clock.now
    return User(
        id=world.call().new_id("usr"),
        created_at=now,
        updated_at=now,
        email="new@example.com",
        username="new",
        **fields,
    )


def converge(world: World, *entries: Key) -> None:
    """Run the Lambda handler. Raises ReactionFailed."""
    handler = replace(converge_identity, connect=lambda: world.runtime)
    delivery = Delivery(function=converge_identity.name, entries=entries)
    with acting_as(converge_identity):
        handler(delivery.model_dump(mode="json"), None)


def test_account_is_created_for_a_user_whose_operation_crashed(world: World) -> None:
    user = new_user(world, is_admin=True, pending_credential="invitation")
    world.write(None, user)
    assert world.account(user.id) is None

    with watched(world.aws) as seen:
        world.drain()

    account = world.account(user.id)
    assert account is not None
    assert (account["email"], account["admin"]) == ("new@example.com", True)
    (made,) = (call.parameters for call in seen if call.operation == "AdminCreateUser")
    assert made["DesiredDeliveryMediums"] == ["EMAIL"]
    assert world.user(user.id).in_step


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.DELETED])
def test_enabled_state_follows_the_status(world: World, status: Status) -> None:
    user = new_user(world, status=status)
    world.write(None, user)

    world.drain()

    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is (status not in {Status.INACTIVE, Status.SUSPENDED})
    assert account["email_verified"] == (
        "false" if status is Status.PENDING_VERIFICATION else "true"
    )


def test_running_again_and_out_of_order_does_no_harm(world: World) -> None:
    user = world.add_user()
    world.write(user, user.with_status(Status.INACTIVE, world.clock.now))
    disabled = world.user(user.id)
    world.write(disabled, disabled.with_status(Status.ACTIVE, world.clock.now))
    world.drain()
    settled = world.items()

    for key in reversed(keys(world, user.id)):
        for _ in range(2):
            converge(world, key)

    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is True
    assert world.items() == settled


def test_failing_entry_is_retried_and_holds_up_no_other(world: World) -> None:
    other = {"email": "other@example.com", "username": "other"}
    users = [new_user(world), new_user(world).model_copy(update=other)]
    for user in users:
        world.write(None, user)
    entries = [key for user in users for key in keys(world, user.id)]

    once = failing(world.aws, "cognito-idp", "AdminCreateUser", times=1)
    with once, pytest.raises(ReactionFailed, match="1 of 2 entries failed"):
        converge(world, *entries)

    assert world.account(users[0].id) is None
    assert world.account(users[1].id) is not None
    converge(world, *entries)
    assert world.account(users[0].id) is not None


def test_other_items_of_the_table_are_ignored(world: World) -> None:
    user = world.add_user()
    items = [item for item in world.items() if not item["pk"].startswith(JournalEntry.partition)]

    with watched(world.aws) as seen:
        for item in items:
            converge_identity.react(item, world.runtime)

    assert not seen
    assert world.user(user.id) == user


def test_password_that_only_the_caller_knows_leaves_the_user_out_of_sync(world: World) -> None:
    user = new_user(world, pending_credential="password")
    world.write(None, user)

    world.drain()

    account = world.account(user.id)
    assert account is not None
    assert account["status"] == "FORCE_CHANGE_PASSWORD"
    stored = world.user(user.id)
    assert (stored.pending_credential, stored.in_step) == ("password", False)


def test_erased_user_leaves_only_a_tombstone_that_expires(world: World) -> None:
    user = world.add_user()
    world.write(user, user.as_erased(world.clock.now))

    world.drain()

    assert world.account(user.id) is None
    (left,) = (item for item in world.items() if item["pk"] == user.key().pk)
    assert left["expiresAt"] > world.clock.now.timestamp()
    assert "gsi1pk" not in left
