"""POST /admin/users/{userId}/groups/{groupId}/promote (G2, G3, R4, A1)."""

from __future__ import annotations

from datetime import timedelta

from functions.groups.delete_group import delete_group
from functions.groups.promote_group_admin import promote_group_admin
from functions.users.get_me import get_me
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def promote(
    world: World,
    user_id: str,
    group_id: str,
    caller: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    path = {"user_id": user_id, "group_id": group_id}
    body = {"reason": "Leads the team"}
    return world.invoke(promote_group_admin, caller=caller, path=path, body=body, headers=headers)


def test_member_becomes_admin_of_that_group_only(world: World) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    user = world.join_group(world.add_user().id, group_id)
    world.join_group(user.id, other_id)

    reply = promote(world, user.id, group_id)

    assert reply.status == 200
    roles = {each["groupId"]: each["role"] for each in reply.body["groupMemberships"]}
    assert roles == {group_id: "admin", other_id: "member"}
    assert reply.body["isAdmin"] is False
    assert world.administers(user.id, START) == {group_id}
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == []
    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.reason) == ("promote_group_admin", "Leads the team")
    assert set(entry.changes) == {f"groups.{group_id}"}


def test_period_of_the_membership_stays(world: World) -> None:
    group_id = world.add_group("Readers")
    ends = START + timedelta(days=1)
    user = world.join_group(world.add_user().id, group_id, ends_at=ends)
    promote(world, user.id, group_id)
    (held,) = world.user(user.id).memberships
    assert (held.role, held.ends_at) == (GroupRole.ADMIN, ends)


def test_admin_stays_admin(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id, GroupRole.ADMIN)
    assert promote(world, user.id, group_id).body["version"] == user.version


def test_user_who_is_not_in_the_group_is_not_found(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    left = world.join_group(world.add_user().id, group_id)
    assert promote(world, user.id, group_id).code == "membership_not_found"
    world.invoke(delete_group, path={"group_id": group_id})
    reply = promote(world, left.id, group_id)
    assert (reply.status, reply.code) == (404, "membership_not_found")


def test_promoting_requires_the_permissions_of_a_group_admin(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))
    world.join_group(caller.id, group_id)

    for target in (user.id, caller.id):
        reply = promote(world, target, group_id, caller.id)
        assert (reply.status, reply.code) == (403, "grant_exceeds_own")

    assert world.user(user.id) == user


def test_if_match_and_idempotency_key_apply(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)
    assert promote(world, user.id, group_id, headers={"If-Match": '"1"'}).status == 412
    headers = {"Idempotency-Key": "key-1"}
    assert promote(world, user.id, group_id, headers=headers) == promote(
        world, user.id, group_id, headers=headers
    )
    assert world.user(user.id).version == user.version + 1
