"""Removal of the memberships of deleted groups (G1, I4, I20)."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.groups.delete_group import delete_group
from rollcall.access.policy import find_policy
from rollcall.grants.grant import MEMBERS
from rollcall.grants.group import Group
from rollcall.kit.entity import TOMBSTONE_RETENTION
from rollcall.kit.errors import Unavailable
from rollcall.members.removal import remove_memberships
from tests.faults.races import COMMIT, meanwhile
from tests.world.aws_edge import failing, watched
from tests.world.opening import open_world
from tests.world.world import World

STEP = 2


def members_of_a_deleted_group(world: World, number: int) -> tuple[str, list[str]]:
    """A group that was deleted, which nothing has followed yet, and who was in it."""
    group_id = world.add_group("Readers")
    users = [world.join_group(world.add_user().id, group_id).id for _ in range(number)]
    assert world.invoke(delete_group, path={"group_id": group_id}).status == 200
    return group_id, users


def end_some(world: World, group_id: str) -> int:
    """One step; returns how many are left by the tombstone."""
    remove_memberships(world.call("finish_deletion"), Group, group_id, STEP)
    return world.group(group_id).members_left or 0


def test_each_step_removes_memberships_and_stores_how_many_are_left(world: World) -> None:
    group_id, users = members_of_a_deleted_group(world, 5)

    assert [end_some(world, group_id), end_some(world, group_id)] == [3, 1]

    remaining = [user_id for user_id in users if world.user(user_id).memberships]
    assert len(remaining) == 1
    assert find_policy(world.runtime.table, world.clock.now)[1].ended == (group_id,)
    steps = [entry.changes["membersLeft"].after for entry in world.journal(group_id)[1:]]
    assert steps == [5, 3, 1]


def test_last_step_lets_the_tombstone_expire_and_removes_it_from_the_policy(world: World) -> None:
    group_id, users = members_of_a_deleted_group(world, 2)

    end_some(world, group_id)

    assert not any(world.user(user_id).memberships for user_id in users)
    assert find_policy(world.runtime.table, world.clock.now)[1].ended == ()
    stored = world.runtime.table.get_item(Group.key_of(group_id))
    assert stored
    assert stored["expiresAt"] == int((world.clock.now + TOMBSTONE_RETENTION).timestamp())


def test_repeated_step_removes_no_membership_twice(world: World) -> None:
    group_id, users = members_of_a_deleted_group(world, 2)
    for _ in range(3):
        end_some(world, group_id)
    assert [len(world.journal(user_id)) for user_id in users] == [3, 3]
    assert world.group(group_id).member_count == 0


def test_existing_group_loses_no_members(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)

    for each in (group_id, "grp_unknown"):
        remove_memberships(world.call(), Group, each)

    assert world.user(user.id) == user


def test_rows_of_a_permanently_deleted_user_are_removed_with_their_counts(world: World) -> None:
    group_id, (user_id,) = members_of_a_deleted_group(world, 1)
    user = world.user(user_id)
    world.write(user, user.as_erased(world.clock.now))

    end_some(world, group_id)

    assert world.user(user_id).memberships == ()
    assert world.group(group_id).member_count == 0


def test_soft_deleted_user_is_restored_without_the_group(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    world.change_user(user, user.as_deleted(world.clock.now))
    world.invoke(delete_group, path={"group_id": group_id})

    end_some(world, group_id)

    assert world.user(user.id).as_restored(world.clock.now).memberships == ()


def test_user_who_is_changed_meanwhile_keeps_the_change(world: World) -> None:
    group_id, (user_id,) = members_of_a_deleted_group(world, 1)
    user = world.user(user_id)
    renamed = user.model_copy(update={"name": "Ada"})

    with meanwhile(world, COMMIT, partial(world.write, user, renamed)):
        end_some(world, group_id)

    after = world.user(user_id)
    assert (after.name, after.memberships) == ("Ada", ())


def test_member_who_left_meanwhile_is_counted_once(world: World) -> None:
    group_id, users = members_of_a_deleted_group(world, 2)
    user = world.user(users[0])
    left = partial(world.write, user, user.without_membership(group_id))

    with meanwhile(world, COMMIT, left):
        end_some(world, group_id)

    assert world.group(group_id).member_count == 0


def test_lagging_index_without_remaining_members_is_retried(world: World) -> None:
    group_id, (user_id,) = members_of_a_deleted_group(world, 1)
    row = world.user(user_id).memberships[0]
    hidden = {"pk": row.key().pk, "sk": row.key().sk, "userId": user_id, "groupId": group_id}
    table = world.runtime.table
    table.delete_items([row.key()])
    table.put_once({**hidden, "role": "member"})

    with pytest.raises(Unavailable) as refused:
        end_some(world, group_id)

    assert refused.value.code == "index_behind"
    table.delete_items([row.key()])
    table.put_once(row.item())
    assert end_some(world, group_id) == 1
    assert world.group(group_id).member_count == 0


def test_interrupted_step_is_continued(world: World) -> None:
    group_id, _ = members_of_a_deleted_group(world, 3)

    with (
        failing(world.aws, "dynamodb", COMMIT, code="InternalServerError", after=1),
        pytest.raises(Unavailable),
    ):
        end_some(world, group_id)

    assert world.group(group_id).member_count == 2
    assert end_some(world, group_id) == 3, "the last step found nobody to write about"
    assert world.group(group_id).member_count == 0


def test_step_reads_one_page_of_the_index_at_any_group_size(world: World) -> None:
    group_id, _ = members_of_a_deleted_group(world, 5)
    with watched(world.aws) as seen:
        end_some(world, group_id)
    queries = [each.parameters for each in seen if "IndexName" in each.parameters]
    assert [(each["ExpressionAttributeValues"][":pk"]["S"], each["Limit"]) for each in queries] == [
        (f"{MEMBERS}{group_id}", STEP)
    ]


@settings(max_examples=15)
@given(number=st.integers(0, 6), leaving=st.sets(st.integers(0, 5)), at_once=st.integers(1, 4))
def test_any_number_of_memberships_is_removed_despite_concurrent_leaving(
    number: int, leaving: set[int], at_once: int
) -> None:
    with open_world() as world:
        group_id, users = members_of_a_deleted_group(world, number)
        for each in leaving & set(range(number)):
            user = world.user(users[each])
            world.write(user, user.without_membership(group_id))

        for _ in range(number // at_once + 2):
            remove_memberships(world.call("finish_deletion"), Group, group_id, at_once)

        assert world.group(group_id).member_count == 0
        assert not any(world.user(user_id).memberships for user_id in users)
        stored = world.runtime.table.get_item(Group.key_of(group_id))
        assert stored
        assert "expiresAt" in stored
