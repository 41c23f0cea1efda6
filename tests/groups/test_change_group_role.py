"""PATCH /admin/users/{userId}/groups/{groupId}/role (G2, G3, R4, A1, I7, I8, I11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.groups.change_group_role import change_group_role
from functions.groups.delete_group import delete_group
from functions.users.get_me import get_me
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, Permission
from rollcall.users.user import User
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World

DAY = timedelta(days=1)


def change(
    world: World,
    user_id: str,
    group_id: str,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Reply:
    return world.invoke(
        change_group_role,
        caller=caller,
        path={"user_id": user_id, "group_id": group_id},
        headers=headers,
        body=body,
    )


def member(world: World, group_id: str, role: GroupRole | None = None, **fields: Any) -> User:
    return world.join_group(world.add_user(**fields).id, group_id, role)


def test_documented_request(world: World) -> None:
    group_id = world.add_group("Readers")
    user = member(world, group_id)

    reply = change(world, user.id, group_id, role="admin", reason="Takes over")

    assert (reply.status, reply.headers["ETag"]) == (200, '"3"')
    assert reply.body["groupMemberships"] == [{"groupId": group_id, "role": "admin"}]
    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "change_group_role",
        world.admin_id,
        "Takes over",
    )
    (changed,) = entry.changes.values()
    assert (changed.before, changed.after) == ({"role": "member"}, {"role": "admin"})
    assert world.group(group_id).member_count == 1


def test_group_admin_manages_workspaces_only_while_the_role_is_in_force(world: World) -> None:
    group_id = world.add_group("Readers")
    user = member(world, group_id)
    ends = "2026-01-06T09:00:00Z"

    change(world, user.id, group_id, role="admin", endsAt=ends)

    assert world.administers(user.id, START) == {group_id}
    assert not world.administers(user.id, START + DAY)


def test_absent_times_stay_the_same_and_null_removes_them(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id, ends_at=START + DAY)

    kept = change(world, user.id, group_id, role="admin").body["groupMemberships"]
    assert kept == [{"groupId": group_id, "role": "admin", "endsAt": "2026-01-06T09:00:00.000Z"}]
    freed = change(world, user.id, group_id, role="admin", endsAt=None).body["groupMemberships"]
    assert freed == [{"groupId": group_id, "role": "admin"}]


def test_start_can_change_without_the_end(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id, ends_at=START + DAY)
    starts, ends = "2026-01-05T12:00:00.000Z", "2026-01-06T09:00:00.000Z"
    reply = change(world, user.id, group_id, role="member", startsAt=starts)
    (held,) = reply.body["groupMemberships"]
    assert held == {"groupId": group_id, "role": "member", "startsAt": starts, "endsAt": ends}


def test_permissions_of_the_group_end_with_the_membership(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    user = member(world, group_id)
    change(world, user.id, group_id, role="member", endsAt="2026-01-05T10:00:00Z")
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == ["user.view"]
    world.clock.advance(hours=1)
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == []


def test_unchanged_role_creates_no_version(world: World) -> None:
    group_id = world.add_group("Readers")
    user = member(world, group_id)
    stored = world.stored()
    assert change(world, user.id, group_id, role="member").body["version"] == user.version
    assert world.stored() == stored


def test_user_who_is_not_in_the_group_is_not_found(world: World) -> None:
    group_id = world.add_group("Readers")
    user, leaving = world.add_user(), member(world, group_id)
    for group in (group_id, "grp_unknown"):
        reply = change(world, user.id, group, role="admin")
        assert (reply.status, reply.code) == (404, "membership_not_found")
    assert change(world, "usr_unknown", group_id, role="admin").code == "user_not_found"

    world.invoke(delete_group, path={"group_id": group_id})
    assert change(world, leaving.id, group_id, role="admin").code == "membership_not_found"


def test_deleted_user_cannot_be_changed(world: World) -> None:
    group_id = world.add_group("Readers")
    user = member(world, group_id)
    world.change_user(user, user.as_deleted(world.clock.now))
    reply = change(world, user.id, group_id, role="admin")
    assert (reply.status, reply.code) == (409, "user_deleted")


def test_appointing_a_group_admin_requires_the_permissions_of_one(world: World) -> None:
    group_id = world.add_group("Readers")
    user = member(world, group_id)
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))

    refused = change(world, user.id, group_id, caller.id, role="admin")

    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    assert world.user(user.id) == user
    permissions = (Permission.GROUP_ASSIGN, *GROUP_ADMIN_PERMISSIONS)
    equal = world.add_user(permissions=permissions)
    assert change(world, user.id, group_id, equal.id, role="admin").status == 200


def test_group_admin_can_appoint_another_one_only_in_the_same_group(
    world: World,
) -> None:
    own, other = world.add_group("Own"), world.add_group("Other")
    caller = member(world, own, GroupRole.ADMIN, permissions=(Permission.GROUP_ASSIGN,))
    user = member(world, own)
    world.join_group(user.id, other)

    assert change(world, user.id, own, caller.id, role="admin").status == 200
    assert change(world, user.id, other, caller.id, role="admin").code == "grant_exceeds_own"


@pytest.mark.parametrize(
    "body",
    [{"role": "member", "endsAt": "2026-01-06T00:00:00Z"}, {"role": "admin"}],
    ids=["shortening", "promoting"],
)
def test_membership_of_a_group_that_grants_more_cannot_be_changed(
    world: World, body: dict[str, Any]
) -> None:
    group_id = world.add_group("Deleters", Permission.USER_DELETE)
    user = member(world, group_id)
    permissions = (Permission.GROUP_ASSIGN, *GROUP_ADMIN_PERMISSIONS)
    caller = world.add_user(permissions=permissions)

    reply = change(world, user.id, group_id, caller.id, **body)

    assert reply.status == 403
    assert world.user(user.id) == user


def test_if_match_and_idempotency_key_apply(world: World) -> None:
    group_id = world.add_group("Readers")
    user = member(world, group_id)
    stale = change(world, user.id, group_id, headers={"If-Match": '"1"'}, role="admin")
    assert (stale.status, stale.code) == (412, "stale_version")

    headers = {"Idempotency-Key": "key-1"}
    first = change(world, user.id, group_id, headers=headers, role="admin")
    change(world, user.id, group_id, role="member")
    assert change(world, user.id, group_id, headers=headers, role="admin") == first
    assert world.user(user.id).memberships[0].role is GroupRole.MEMBER


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["role"]),
        ({"role": None}, ["role"]),
        ({"role": "owner"}, ["role"]),
        ({"role": "admin", "endsAt": "tomorrow"}, ["endsAt"]),
        ({"role": "admin", "since": "2026-01-05T09:00:00Z"}, ["since"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    group_id = world.add_group("Readers")
    reply = change(world, member(world, group_id).id, group_id, **body)
    assert (reply.status, reply.fields) == (422, fields)
