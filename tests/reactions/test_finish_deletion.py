"""The stream reaction that finishes deletions (W2, G1, O1, I20)."""

from __future__ import annotations

from functions.groups.delete_group import delete_group
from functions.groups.update_group import update_group
from functions.reactions.finish_deletion import finish_deletion
from rollcall.grants.group import Group
from rollcall.members.removal import remove_memberships
from tests.world.aws_edge import watched
from tests.world.iam import acting_as
from tests.world.world import World


def react_to_the_newest(world: World, target_id: str) -> list[str]:
    """Let the reaction see the newest entry about something; returns what it calls."""
    entry = world.journal(target_id)[-1]
    with watched(world.aws) as seen, acting_as(finish_deletion):
        finish_deletion.react(entry.item(), world.runtime)
    return [call.operation for call in seen]


def group_with_members(world: World, number: int) -> str:
    """A group with this many users in it."""
    group_id = world.add_group("Readers")
    for _ in range(number):
        world.join_group(world.add_user().id, group_id)
    return group_id


def test_deletion_of_a_group_ends_its_memberships(world: World) -> None:
    group_id = group_with_members(world, 3)
    world.invoke(delete_group, path={"group_id": group_id})

    react_to_the_newest(world, group_id)

    assert world.group(group_id).member_count == 0
    assert not any(user.memberships for user in world.users())


def test_step_of_a_group_leads_to_the_next_one(world: World) -> None:
    group_id = group_with_members(world, 3)
    world.invoke(delete_group, path={"group_id": group_id})
    remove_memberships(world.call("finish_deletion"), Group, group_id, 1)
    assert world.group(group_id).member_count == 2

    react_to_the_newest(world, group_id)

    assert world.group(group_id).member_count == 0


def test_group_without_members_is_removed_immediately(world: World) -> None:
    group_id = group_with_members(world, 0)
    world.invoke(delete_group, path={"group_id": group_id})

    react_to_the_newest(world, group_id)

    stored = world.runtime.table.get_item(Group.key_of(group_id))
    assert stored
    assert "expiresAt" in stored


def test_changes_that_delete_nothing_take_no_call(world: World) -> None:
    group_id = world.add_group("Readers")
    assert react_to_the_newest(world, group_id) == []
    world.invoke(update_group, path={"group_id": group_id}, body={"name": "Editors"})
    assert react_to_the_newest(world, group_id) == []
    assert react_to_the_newest(world, world.add_user().id) == []


def test_repeated_entry_after_the_last_step_changes_nothing(world: World) -> None:
    group_id = group_with_members(world, 2)
    world.invoke(delete_group, path={"group_id": group_id})
    world.drain()
    stored = world.stored()

    react_to_the_newest(world, group_id)

    assert world.stored() == stored
