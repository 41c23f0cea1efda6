"""The stream reaction that synchronizes Cognito with the table (I1, I2, I20)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.reactions.converge_identity import converge_identity
from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.journal import JournalEntry
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.aws_edge import failing, watched
from tests.world.iam import acting_as
from tests.world.world import World


def records(world: World, target_id: str) -> list[dict[str, Any]]:
    """The stream's records about one user."""
    return [
        {"dynamodb": {"NewImage": to_attributes(entry.item()), "SequenceNumber": str(number)}}
        for number, entry in enumerate(world.journal(target_id), start=1)
    ]


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


def converge(world: World, batch: list[dict[str, Any]]) -> list[str]:
    """Run the Lambda handler; returns the sequence numbers to retry."""
    handler = replace(converge_identity, connect=lambda: world.runtime)
    with acting_as(converge_identity):
        answer = handler({"Records": batch}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


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

    for record in reversed(records(world, user.id)):
        for _ in range(2):
            assert converge(world, [record]) == []

    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is True
    assert world.items() == settled


def test_failing_record_and_those_after_it_are_retried(world: World) -> None:
    other = {"email": "other@example.com", "username": "other"}
    users = [new_user(world), new_user(world).model_copy(update=other)]
    for user in users:
        world.write(None, user)
    batch = [record for user in users for record in records(world, user.id)]
    batch[1]["dynamodb"]["SequenceNumber"] = "2"

    with failing(world.aws, "cognito-idp", "AdminCreateUser", after=1):
        assert converge(world, batch) == ["2"]

    assert world.account(users[0].id) is not None
    assert world.account(users[1].id) is None
    assert converge(world, batch[1:]) == []
    assert world.account(users[1].id) is not None


def test_other_items_of_the_stream_are_ignored(world: World) -> None:
    user = world.add_user()
    items = [item for item in world.items() if not item["pk"].startswith(JournalEntry.partition)]
    batch = [
        {"dynamodb": {"NewImage": to_attributes(item), "SequenceNumber": "1"}} for item in items
    ]

    with watched(world.aws) as seen:
        assert converge(world, batch) == []

    assert not seen
    assert world.user(user.id) == user


def test_entries_about_groups_are_filtered_out_before_an_invocation() -> None:
    assert converge_identity.stream_filter() == {
        "eventName": ["INSERT"],
        "dynamodb": {
            "Keys": {"pk": {"S": [{"prefix": "JOURNAL#"}]}},
            "NewImage": {"target": {"M": {"kind": {"S": ["user"]}}}},
        },
    }


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
