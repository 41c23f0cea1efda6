"""DELETE /admin/groups/{groupId} (G1, A1, I6, I7, I8, I11, I13)."""

from __future__ import annotations

from functools import partial

import pytest

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.create_group import create_group
from functions.groups.delete_group import delete_group
from functions.groups.list_groups import list_groups
from functions.groups.list_user_groups import list_user_groups
from functions.users.create_user import create_user
from functions.users.get_me import get_me
from functions.users.get_user import get_user
from rollcall.access.policy import POLICY_ID, find_policy
from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.world import World


def delete(world: World, group_id: str, caller: str = "", **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.invoke(
        delete_group,
        caller=caller,
        path={"group_id": group_id},
        query={"reason": "No longer needed"},
        headers=sent,
    )


def test_documented_answer(world: World) -> None:
    group_id = world.add_group("Readers")
    for _ in range(3):
        world.join_group(world.add_user().id, group_id)

    reply = delete(world, group_id)

    assert (reply.status, reply.body) == (
        200,
        {"success": True, "message": "Group deleted", "membershipsPending": 3},
    )
    assert world.invoke(list_groups).body["items"] == []
    assert world.count(Group.total()) == 0


def test_permissions_end_before_any_reaction_has_run(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    user = world.join_group(world.add_user().id, group_id)
    path = {"user_id": user.id}
    assert world.invoke(get_user, caller=user.id, path=path).status == 200

    delete(world, group_id)

    refused = world.invoke(get_user, caller=user.id, path=path)
    assert (refused.status, refused.code) == (403, "permission_missing")
    assert world.user(user.id).group_ids == (group_id,), "no reaction has run"
    assert world.invoke(list_user_groups, path=path).body["items"] == []


def test_group_admin_loses_the_workspaces_of_the_group(world: World) -> None:
    group_id, kept_id = world.add_group("Readers"), world.add_group("Writers")
    user = world.add_user()
    for each in (group_id, kept_id):
        world.join_group(user.id, each, GroupRole.ADMIN)

    delete(world, group_id)

    _, policy = find_policy(world.runtime.table, world.clock.now)
    assert policy.ended == (group_id,)
    world.drain()
    assert world.user(user.id).group_ids == (kept_id,)
    assert find_policy(world.runtime.table, world.clock.now)[1].ended == ()


def test_memberships_end_with_journal_entries_and_the_tombstone_expires(world: World) -> None:
    group_id, kept_id = world.add_group("Readers"), world.add_group("Writers")
    users = [world.join_group(world.add_user().id, group_id) for _ in range(3)]
    world.join_group(users[0].id, kept_id)

    delete(world, group_id)
    world.drain()

    assert [world.user(user.id).group_ids for user in users] == [(kept_id,), (), ()]
    for user in users:
        entry = world.journal(user.id)[-1]
        assert (entry.action, entry.actor.kind) == ("finish_deletion", "system")
        assert entry.changes[f"groups.{group_id}"].after is None
    (item,) = (each for each in world.items() if each["pk"] == f"GROUP#{group_id}")
    assert (item["erased"], item["memberCount"]) == (True, 0)
    assert item["expiresAt"] > world.clock.now.timestamp()


def test_journal_has_the_actor_the_reason_and_the_permissions(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    world.join_group(world.add_user().id, group_id)

    delete(world, group_id)

    group, policy = world.journal(group_id)[-1], world.journal(POLICY_ID)[-1]
    for entry in (group, policy):
        assert (entry.action, entry.actor.id, entry.reason) == (
            "delete_group",
            world.admin_id,
            "No longer needed",
        )
    assert group.changes["erased"].after is True
    change = policy.changes[f"groups.{group_id}"]
    assert (change.before, change.after) == (["user.view"], None)


def test_deleted_group_cannot_be_joined(world: World) -> None:
    group_id = world.add_group("Readers")
    member, stranger = world.join_group(world.add_user().id, group_id), world.add_user()
    delete(world, group_id)
    stored = world.stored()

    replies = [
        world.invoke(add_user_to_group, path={"user_id": each.id}, body={"groupId": group_id})
        for each in (member, stranger)
    ]
    body = {"email": "new@example.com", "groups": [group_id]}
    replies.append(world.invoke(create_user, body=body))

    assert [(reply.status, reply.code) for reply in replies] == [(404, "group_not_found")] * 3
    assert world.stored() == stored


def test_name_is_free_again_and_the_id_is_not(world: World) -> None:
    group_id = world.add_group("Readers")
    delete(world, group_id)
    made = world.invoke(create_group, body={"name": "readers"})
    assert made.status == 201
    assert made.body["id"] != group_id


def test_group_with_active_workspaces_is_refused_with_their_number(world: World) -> None:
    group_id = world.add_group("Readers", Permission.USER_VIEW)
    owner = world.join_group(world.add_user().id, group_id)
    for active in (True, True, False):
        world.add_resource(owner.id, group_id=group_id, active=active)
    stored = world.stored()

    reply = delete(world, group_id)

    assert (reply.status, reply.code) == (409, "active_workspaces")
    assert reply.body["detail"].startswith("The group has active workspaces (2).")
    assert world.stored() == stored


def test_group_with_only_archived_workspaces_is_deleted(world: World) -> None:
    group_id = world.add_group("Readers")
    owner = world.join_group(world.add_user().id, group_id)
    world.add_resource(owner.id, group_id=group_id, active=False)
    assert delete(world, group_id).status == 200


def test_workspace_registered_meanwhile_prevents_the_deletion(world: World) -> None:
    group_id = world.add_group("Readers")
    owner = world.join_group(world.add_user().id, group_id)

    with meanwhile(world, COMMIT, partial(world.add_resource, owner.id, group_id=group_id)):
        reply = delete(world, group_id)

    assert (reply.status, reply.code) == (409, "active_workspaces")
    assert world.group(group_id).exists


def test_group_that_grants_more_than_the_caller_holds_cannot_be_changed(world: World) -> None:
    group_id = world.add_group("Deleters", Permission.USER_DELETE)
    caller = world.add_user(permissions=(Permission.GROUP_DELETE,))
    stored = world.stored()

    reply = delete(world, group_id, caller.id)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert world.stored() == stored
    harmless = world.add_group("Readers")
    assert delete(world, harmless, caller.id).status == 200


@pytest.mark.parametrize("if_match", ['"7"', '"nonsense"'])
def test_stale_etag_deletes_nothing(world: World, if_match: str) -> None:
    group_id = world.add_group("Readers")
    reply = delete(world, group_id, If_Match=if_match)
    assert (reply.status, reply.code) == (412, "stale_version")
    assert world.group(group_id).exists
    assert delete(world, group_id, If_Match='"1"').status == 200


def test_same_key_returns_the_same_answer_and_no_key_returns_not_found(world: World) -> None:
    group_id = world.add_group("Readers")
    first = delete(world, group_id, Idempotency_Key="key-1")

    assert delete(world, group_id, Idempotency_Key="key-1") == first
    again = delete(world, group_id)
    assert (again.status, again.code) == (404, "group_not_found")
    assert [entry.action for entry in world.journal(group_id)] == ["add_group", "delete_group"]


def test_unknown_group_is_not_found(world: World) -> None:
    assert delete(world, "grp_unknown").code == "group_not_found"


def test_other_permissions_of_members_stay(world: World) -> None:
    gone = world.add_group("Gone", Permission.USER_VIEW)
    kept = world.add_group("Kept", Permission.USER_VIEW, Permission.USER_CREATE)
    user = world.add_user()
    for group_id in (gone, kept):
        world.join_group(user.id, group_id)

    delete(world, gone)
    world.drain()

    me = world.invoke(get_me, caller=user.id)
    assert me.body["effectivePermissions"] == ["user.create", "user.view"]
