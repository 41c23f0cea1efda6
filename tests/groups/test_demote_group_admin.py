"""POST /admin/users/{userId}/groups/{groupId}/demote (G2, G3, A1, I11, I13)."""

from __future__ import annotations

from typing import Any

from functions.groups.delete_group import delete_group
from functions.groups.demote_group_admin import demote_group_admin
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, Permission
from rollcall.users.user import User
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def demote(
    world: World,
    user_id: str,
    group_id: str,
    caller: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    path = {"user_id": user_id, "group_id": group_id}
    body = {"reason": "Another one leads"}
    return world.invoke(demote_group_admin, caller=caller, path=path, body=body, headers=headers)


def admin_of(world: World, group_id: str, **fields: Any) -> User:
    return world.join_group(world.add_user(**fields).id, group_id, GroupRole.ADMIN)


def test_admin_becomes_a_member_and_stays_in_the_group(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    user = admin_of(world, group_id)
    world.join_group(user.id, other_id, GroupRole.ADMIN)

    reply = demote(world, user.id, group_id)

    assert reply.status == 200
    roles = {each["groupId"]: each["role"] for each in reply.body["groupMemberships"]}
    assert roles == {group_id: "member", other_id: "admin"}
    assert world.administers(user.id, START) == {other_id}
    assert world.group(group_id).member_count == 1
    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.reason) == ("demote_group_admin", "Another one leads")
    change = entry.changes[f"groups.{group_id}"]
    assert (change.before, change.after) == ({"role": "admin"}, {"role": "member"})


def test_member_stays_member(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    assert demote(world, user.id, group_id).body["version"] == user.version


def test_user_who_is_not_in_the_group_is_not_found(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    left = admin_of(world, group_id)
    assert demote(world, user.id, group_id).code == "membership_not_found"
    world.invoke(delete_group, path={"group_id": group_id})
    reply = demote(world, left.id, group_id)
    assert (reply.status, reply.code) == (404, "membership_not_found")


def test_superior_cannot_be_demoted(world: World) -> None:
    group_id = world.add_group("Readers")
    superior = admin_of(world, group_id, permissions=(Permission.USER_DELETE,))
    permissions = (Permission.GROUP_ASSIGN, *GROUP_ADMIN_PERMISSIONS)
    caller = world.add_user(permissions=permissions)

    reply = demote(world, superior.id, group_id, caller.id)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert world.user(superior.id) == superior


def test_caller_who_can_only_assign_cannot_demote_a_group_admin(world: World) -> None:
    group_id = world.add_group("Readers")
    user = admin_of(world, group_id)
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))

    refused = demote(world, user.id, group_id, caller.id)

    assert (refused.status, refused.code) == (403, "target_outranks_caller")
    assert world.user(user.id) == user
    equal = admin_of(world, group_id, permissions=(Permission.GROUP_ASSIGN,))
    assert demote(world, user.id, group_id, equal.id).status == 200
    assert demote(world, equal.id, group_id, equal.id).status == 200, "one may step back"


def test_if_match_and_idempotency_key_apply(world: World) -> None:
    group_id = world.add_group("Readers")
    user = admin_of(world, group_id)
    assert demote(world, user.id, group_id, headers={"If-Match": '"1"'}).status == 412
    headers = {"Idempotency-Key": "key-1"}
    assert demote(world, user.id, group_id, headers=headers) == demote(
        world, user.id, group_id, headers=headers
    )
    assert world.user(user.id).version == user.version + 1
