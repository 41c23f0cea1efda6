"""DELETE /admin/users/{userId}/groups/{groupId} (G2, I13)."""

from __future__ import annotations

from functools import partial

from functions.groups.delete_group import delete_group
from functions.groups.remove_user_from_group import remove_user_from_group
from functions.users.get_user import get_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.users.user import User
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.world import World


def remove(world: World, user_id: str, group_id: str, caller: str = "") -> Reply:
    path = {"user_id": user_id, "group_id": group_id}
    return world.invoke(remove_user_from_group, caller=caller, path=path)


def add_member(world: World, group_id: str) -> User:
    return world.join_group(world.add_user().id, group_id)


def test_member_leaves_one_group_and_keeps_the_others(world: World) -> None:
    leaving, staying = world.add_group("Leaving"), world.add_group("Staying")
    user = add_member(world, leaving)
    world.join_group(user.id, staying, GroupRole.ADMIN)

    reply = remove(world, user.id, leaving)

    assert (reply.status, reply.body["groups"]) == (200, [staying])
    assert world.user(user.id).group_ids == (staying,)
    entry = world.journal(user.id)[-1]
    assert entry.action == "remove_user_from_group"
    change = entry.changes[f"groups.{leaving}"]
    assert (change.before, change.after) == ({"role": "member"}, None)
    assert [world.group(each).member_count for each in (leaving, staying)] == [0, 1]


def test_permissions_of_the_group_end_immediately(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    user = add_member(world, group_id)
    assert world.invoke(get_user, caller=user.id, path={"user_id": user.id}).status == 200

    remove(world, user.id, group_id)

    refused = world.invoke(get_user, caller=user.id, path={"user_id": user.id})
    assert (refused.status, refused.code) == (403, "permission_missing")


def test_user_who_is_not_in_the_group_is_not_found(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")
    for group in (group_id, "grp_unknown"):
        reply = remove(world, user.id, group)
        assert (reply.status, reply.code) == (404, "membership_not_found")
    assert remove(world, "usr_unknown", group_id).code == "user_not_found"
    assert world.user(user.id) == user


def test_deleted_group_is_not_found(world: World) -> None:
    group_id = world.add_group("Readers")
    user = add_member(world, group_id)
    world.invoke(delete_group, path={"group_id": group_id})
    reply = remove(world, user.id, group_id)
    assert (reply.status, reply.code) == (404, "membership_not_found")


def test_user_with_active_workspaces_is_refused_with_their_number(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    user = add_member(world, group_id)
    world.join_group(user.id, other_id)
    for active in (True, True, False):
        world.add_resource(user.id, group_id=group_id, active=active)

    reply = remove(world, user.id, group_id)

    assert (reply.status, reply.code) == (409, "active_workspaces")
    assert f"(2 in {group_id})" in reply.body["detail"]
    assert remove(world, user.id, other_id).body["groups"] == [group_id]


def test_user_with_only_archived_workspaces_can_be_removed(world: World) -> None:
    group_id = world.add_group("Readers")
    user = add_member(world, group_id)
    world.add_resource(user.id, group_id=group_id, active=False)
    assert remove(world, user.id, group_id).status == 200


def test_workspace_registered_meanwhile_prevents_the_removal(world: World) -> None:
    group_id = world.add_group("Readers")
    user = add_member(world, group_id)
    with meanwhile(world, COMMIT, partial(world.add_resource, user.id, group_id=group_id)):
        reply = remove(world, user.id, group_id)
    assert (reply.status, reply.code) == (409, "active_workspaces")
    assert world.user(user.id).group_ids == (group_id,)


def test_permissions_of_a_superior_cannot_be_revoked(world: World) -> None:
    group_id = world.add_group("Deleters", Permission.USER_DELETE)
    user = add_member(world, group_id)
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))

    reply = remove(world, user.id, group_id, caller=caller.id)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert world.user(user.id) == user


def test_soft_deleted_user_keeps_the_groups(world: World) -> None:
    group_id = world.add_group("Readers")
    user = add_member(world, group_id)
    world.change_user(user, user.as_deleted(world.clock.now))
    assert remove(world, user.id, group_id).code == "user_deleted"
    assert world.user(user.id).group_ids == (group_id,)
