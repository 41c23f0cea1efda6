"""Concurrent writes to groups (I4, I6, I8): the second writer is refused or retries, and deleted
groups have no members.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.add_users_to_group import add_users_to_group
from functions.groups.change_group_role import change_group_role
from functions.groups.delete_group import delete_group
from functions.groups.remove_user_from_group import remove_user_from_group
from functions.groups.replace_user_groups import replace_user_groups
from functions.groups.update_group import update_group
from functions.users.create_user import create_user
from functions.users.get_me import get_me
from rollcall.access.policy import find_policy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.errors import Unavailable
from rollcall.members.removal import remove_memberships
from tests.faults.invariants import check_always, check_settled
from tests.faults.races import race
from tests.world.gateway import Reply
from tests.world.world import World

type Action = Callable[[], Reply]
BOTH_WAYS = pytest.mark.parametrize("order", [(0, 1), (1, 0)])


def settled(world: World) -> None:
    """All invariants hold after the reactions."""
    assert check_always(world) == []
    world.drain()
    assert check_settled(world) == []


def deletion(world: World, group_id: str) -> Action:
    """The admin deleting a group."""
    return partial(world.invoke, delete_group, path={"group_id": group_id})


def replacement(world: World, user_id: str, *groups: str, version: int | None = None) -> Action:
    """The admin replacing a user's groups, perhaps only at this version."""
    return partial(
        world.invoke,
        replace_user_groups,
        path={"user_id": user_id},
        headers={"If-Match": f'"{version}"'} if version else None,
        body={"groups": [{"groupId": each} for each in groups]},
    )


def joining(way: str, world: World, group_id: str) -> Action:
    """One of the ways to join a group."""
    user_id = world.add_user().id
    invoke: Callable[..., Reply] = world.invoke
    requests: dict[str, dict[str, Any]] = {
        "add_user_to_group": {
            "operation": add_user_to_group,
            "path": {"user_id": user_id},
            "body": {"groupId": group_id},
        },
        "add_users_to_group": {
            "operation": add_users_to_group,
            "path": {"group_id": group_id},
            "body": {"members": [{"userId": user_id}]},
        },
        "replace_user_groups": {
            "operation": replace_user_groups,
            "path": {"user_id": user_id},
            "body": {"groups": [{"groupId": group_id}]},
        },
        "create_user": {
            "operation": create_user,
            "body": {"email": "new@example.com", "groups": [group_id]},
        },
    }
    return partial(invoke, **requests[way])


@BOTH_WAYS
@pytest.mark.parametrize(
    "way", ["add_user_to_group", "add_users_to_group", "replace_user_groups", "create_user"]
)
def test_group_that_is_deleted_while_a_user_joins_has_no_members(
    world: World, way: str, order: tuple[int, ...]
) -> None:
    group_id = world.add_group("Editors", Permission.USER_UPDATE)
    members = [world.join_group(world.add_user().id, group_id).id for _ in range(2)]

    joined, deleted = race(world, [joining(way, world, group_id), deletion(world, group_id)], order)

    assert deleted.status == 200
    if order == (0, 1):
        assert joined.status in {200, 201, 207}
        assert deleted.body["membershipsPending"] == 3
    else:
        row = joined.body["results"][0]["problem"] if joined.status == 207 else joined.body
        assert (row["status"], row["code"]) == (404, "group_not_found")
        assert deleted.body["membershipsPending"] == 2
    for user_id in members:
        me = world.invoke(get_me, caller=user_id)
        assert me.body["effectivePermissions"] == [], "before any reaction has run"
    settled(world)
    assert not any(group_id in user.group_ids for user in world.users())
    assert world.group(group_id).member_count == 0


def test_users_who_join_while_the_group_is_deleted_are_members_or_get_not_found(
    world: World,
) -> None:
    group_id = world.add_group("Editors")
    actions = [joining("add_user_to_group", world, group_id) for _ in range(6)]

    *joined, deleted = race(world, [*actions, deletion(world, group_id)], [0, 1, 6, 2, 3, 4, 5])

    # The deletion retries after each commit before it, so more users can join.
    inside = Counter(reply.status for reply in joined)[201]
    assert inside >= 2
    assert {reply.status for reply in joined} <= {201, 404}
    assert (deleted.status, deleted.body["membershipsPending"]) == (200, inside)
    settled(world)
    assert not any(user.memberships for user in world.users())


@BOTH_WAYS
def test_member_who_leaves_while_the_group_is_deleted_leaves_once(
    world: World, order: tuple[int, ...]
) -> None:
    group_id = world.add_group("Editors")
    user = world.join_group(world.add_user().id, group_id)
    path = {"user_id": user.id, "group_id": group_id}
    leave = partial(world.invoke, remove_user_from_group, path=path)

    left, deleted = race(world, [leave, deletion(world, group_id)], order)

    assert (left.status, deleted.status) == (200, 200)
    settled(world)
    assert world.group(group_id).member_count == 0


@BOTH_WAYS
def test_concurrent_steps_of_one_deletion_end_each_membership_once(
    world: World, order: tuple[int, ...]
) -> None:
    group_id = world.add_group("Editors")
    users = [world.join_group(world.add_user().id, group_id) for _ in range(3)]
    deletion(world, group_id)()

    def step() -> Reply:
        try:
            remove_memberships(world.call("finish_deletion"), Group, group_id, 2)
        except Unavailable:  # the other step was always faster; Lambda retries
            return Reply(503, {}, {})
        return Reply(200, {}, {})

    replies = race(world, [step, step], order)

    assert 200 in {reply.status for reply in replies}
    settled(world)
    for user in users:
        ended = [each for each in world.journal(user.id) if each.action == "finish_deletion"]
        assert len(ended) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_one_of_several_replacements_with_the_same_etag_succeeds(
    world: World, order: tuple[int, ...]
) -> None:
    user = world.join_group(world.add_user().id, world.add_group("Old"))
    groups = [world.add_group(f"New {number}") for number in range(3)]
    actions = [replacement(world, user.id, each, version=user.version) for each in groups]

    replies = race(world, actions, order)

    assert Counter(reply.status for reply in replies) == {200: 1, 412: 2}
    winner = order[0]
    assert replies[winner].status == 200
    assert world.user(user.id).group_ids == (groups[winner],)
    assert world.user(user.id).version == user.version + 1
    settled(world)


@BOTH_WAYS
def test_last_of_several_replacements_without_an_etag_wins(
    world: World, order: tuple[int, ...]
) -> None:
    user = world.join_group(world.add_user().id, world.add_group("Old"))
    groups = [world.add_group(f"New {number}") for number in range(2)]

    replies = race(world, [replacement(world, user.id, each) for each in groups], order)

    assert [reply.status for reply in replies] == [200, 200]
    assert world.user(user.id).group_ids == (groups[order[1]],)
    assert [world.group(each).member_count for each in groups] == [order[1] == 0, order[1] == 1]
    settled(world)


@BOTH_WAYS
def test_one_of_two_changes_of_granted_permissions_with_the_same_etag_succeeds(
    world: World, order: tuple[int, ...]
) -> None:
    group_id = world.add_group("Editors")
    wanted = ["user.view", "user.create"]
    actions = [
        partial(
            world.invoke,
            update_group,
            path={"group_id": group_id},
            headers={"If-Match": '"1"'},
            body={"permissions": [each]},
        )
        for each in wanted
    ]

    replies = race(world, actions, order)

    assert Counter(reply.status for reply in replies) == {200: 1, 412: 1}
    _, policy = find_policy(world.runtime.table, world.clock.now)
    assert policy.of_group(group_id) == (wanted[order[0]],)
    settled(world)


@BOTH_WAYS
def test_group_that_is_deleted_while_it_is_changed_grants_nothing(
    world: World, order: tuple[int, ...]
) -> None:
    group_id = world.add_group("Editors")
    member = world.join_group(world.add_user().id, group_id)
    change = partial(
        world.invoke,
        update_group,
        path={"group_id": group_id},
        body={"name": "Viewers", "permissions": ["user.view"]},
    )

    changed, deleted = race(world, [change, deletion(world, group_id)], order)

    assert deleted.status == 200
    assert changed.status == (200 if order == (0, 1) else 404)
    _, policy = find_policy(world.runtime.table, world.clock.now)
    assert policy.of_group(group_id) == ()
    settled(world)
    assert world.user(member.id).memberships == ()


@BOTH_WAYS
def test_one_of_two_group_admins_who_demote_each_other_remains(
    world: World, order: tuple[int, ...]
) -> None:
    group_id = world.add_group("Editors")
    admins = [world.add_user(permissions=(Permission.GROUP_ASSIGN,)).id for _ in range(2)]
    for user_id in admins:
        world.invoke(
            add_user_to_group,
            path={"user_id": user_id},
            body={"groupId": group_id, "role": "admin"},
        )
    actions = [
        partial(
            world.invoke,
            change_group_role,
            caller=actor,
            path={"user_id": target, "group_id": group_id},
            body={"role": "member"},
        )
        for actor, target in zip(admins, reversed(admins), strict=True)
    ]

    replies = race(world, actions, order)

    assert replies[order[0]].status == 200
    assert (replies[order[1]].status, replies[order[1]].code) == (403, "target_outranks_caller")
    remaining = [each for each in admins if world.administers(each)]
    assert remaining == [admins[order[0]]]
    settled(world)
