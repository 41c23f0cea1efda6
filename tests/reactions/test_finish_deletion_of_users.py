"""The stream reaction that releases the resources of deleted users (W2, I20)."""

from __future__ import annotations

import pytest

from functions.reactions.finish_deletion import finish_deletion
from functions.system.remove_resource import remove_resource
from functions.users.delete_user import delete_user
from functions.users.update_user import update_user
from rollcall.kit.errors import Unavailable
from rollcall.kit.journal import JournalEntry
from rollcall.resources.deletion import RESOURCES_AT_ONCE
from rollcall.users.owned import owned_key
from rollcall.users.user import User
from tests.faults.invariants import check_settled
from tests.world.aws_edge import failing, watched
from tests.world.iam import acting_as
from tests.world.world import World


def delete_owner(world: World, **types: int) -> User:
    """Delete a user who owns this many resources of each type; returns the tombstone."""
    user = world.add_user()
    for resource_type, number in types.items():
        world.add_resources(number, user.id, resource_type)
    assert world.invoke(delete_user, path={"user_id": user.id}).status == 200
    return world.user(user.id)


def react(world: World, entry: JournalEntry) -> None:
    """Send an entry to the reaction."""
    with acting_as(finish_deletion):
        finish_deletion.react(entry.item(), world.runtime)


def react_to_the_newest(world: World, user_id: str) -> int | None:
    """Send the newest entry about a user to the reaction; returns how many resources are left."""
    react(world, world.journal(user_id)[-1])
    return world.user(user_id).things_left


def resources(world: World) -> list[tuple[str, bool, bool]]:
    """Type, and whether it is an orphan or deleted."""
    found = (item for item in world.items() if item["sk"].startswith("RESOURCE#"))
    return sorted((item["type"], item["orphaned"], item["erased"]) for item in found)


def test_each_step_releases_resources_and_triggers_the_next(world: World) -> None:
    user = delete_owner(world, workspace=RESOURCES_AT_ONCE * 2, persona=RESOURCES_AT_ONCE)
    assert user.things_left == RESOURCES_AT_ONCE * 2

    left = [react_to_the_newest(world, user.id) for _ in range(3)]

    assert left == [RESOURCES_AT_ONCE, 0, 0]
    assert resources(world) == [
        *[("persona", False, True)] * RESOURCES_AT_ONCE,
        *[("workspace", True, False)] * RESOURCES_AT_ONCE * 2,
    ]
    steps = [e for e in world.journal(user.id) if e.action == "finish_deletion"]
    assert [step.changes["thingsLeft"].after for step in steps] == [RESOURCES_AT_ONCE, 0]
    assert {step.actor.kind for step in steps} == {"system"}


def test_orphans_at_the_start_of_the_index_hide_no_other_resources(world: World) -> None:
    user = delete_owner(world, workspace=RESOURCES_AT_ONCE * 4)

    world.drain()

    assert resources(world) == [("workspace", True, False)] * RESOURCES_AT_ONCE * 4
    assert world.user(user.id).things_left == 0


def test_numbers_and_the_tombstone_stay_until_everything_is_released(world: World) -> None:
    user = delete_owner(world, workspace=RESOURCES_AT_ONCE + 1)
    table = world.runtime.table

    assert table.get_item(owned_key(user.id)) is not None
    assert "expiresAt" not in (table.get_item(user.key()) or {})

    world.drain()
    assert table.get_item(owned_key(user.id)) is None
    assert "expiresAt" in (table.get_item(user.key()) or {})
    assert check_settled(world) == []


def test_repeated_or_late_entry_changes_nothing(world: World) -> None:
    user = delete_owner(world, persona=RESOURCES_AT_ONCE * 3)
    deletion = world.journal(user.id)[-1]

    for _ in range(4):
        react(world, deletion)

    world.drain()
    assert resources(world) == [("persona", False, True)] * RESOURCES_AT_ONCE * 3
    assert check_settled(world) == []


def test_other_changes_of_users_take_no_call(world: World) -> None:
    user = world.add_user()
    world.invoke(update_user, path={"user_id": user.id}, body={"name": "New"})
    with watched(world.aws) as seen:
        react(world, world.journal(user.id)[-1])
    assert seen == []


def test_resources_removed_meanwhile_are_not_waited_for(world: World) -> None:
    user = delete_owner(world, persona=RESOURCES_AT_ONCE + 2)
    left = [
        item["id"]
        for item in world.items()
        if item.get("erased") is False and item["sk"].startswith("RESOURCE#")
    ]
    for resource_id in left:
        assert world.invoke(remove_resource, path={"resource_id": resource_id}).status == 200

    world.drain()

    assert world.user(user.id).things_left == 0
    assert check_settled(world) == []


def test_step_fails_while_the_index_lags_and_is_retried(world: World) -> None:
    user = delete_owner(world, workspace=RESOURCES_AT_ONCE + 1)
    (waiting,) = (
        item
        for item in world.items()
        if item["sk"].startswith("RESOURCE#") and not item["orphaned"]
    )
    index = {name: waiting[name] for name in ("gsi1pk", "gsi1sk")}
    key = world.resource(waiting["id"]).key()
    world.runtime.table.update_unversioned(key, {"orphaned": False}, remove=index)

    with pytest.raises(Unavailable):
        react_to_the_newest(world, user.id)

    world.runtime.table.update_unversioned(key, index)
    assert react_to_the_newest(world, user.id) == 0
    world.drain()
    assert check_settled(world) == []


def test_crashed_step_is_repeated(world: World) -> None:
    user = delete_owner(world, workspace=RESOURCES_AT_ONCE * 2)

    with failing(world.aws, "dynamodb", "TransactWriteItems"), pytest.raises(Unavailable):
        react_to_the_newest(world, user.id)

    assert world.user(user.id).things_left == RESOURCES_AT_ONCE
    world.drain()
    assert check_settled(world) == []


def test_deletion_of_a_user_without_resources_ends_immediately(world: World) -> None:
    user = delete_owner(world)
    world.drain()
    assert [entry.action for entry in world.journal(user.id)] == ["add_user", "delete_user"]
