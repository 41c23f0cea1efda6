"""POST /admin/users/{userId}/groups (G2, R4)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.delete_group import delete_group
from functions.users.get_me import get_me
from rollcall.grants.permissions import Permission
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World


def add(world: World, user_id: str, caller: str = "", **body: Any) -> Reply:
    return world.invoke(add_user_to_group, caller=caller, path={"user_id": user_id}, body=body)


def test_documented_request(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")

    reply = add(world, user.id, groupId=group_id, role="member")

    assert reply.status == 201
    assert reply.body["groups"] == [group_id]
    assert reply.body["groupMemberships"] == [{"groupId": group_id, "role": "member"}]
    change = world.journal(user.id)[-1].changes[f"groups.{group_id}"]
    assert (change.before, change.after) == (None, {"role": "member"})


def test_default_role_is_member(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")
    reply = add(world, user.id, groupId=group_id)
    assert reply.body["groupMemberships"][0]["role"] == "member"


def test_permissions_of_the_group_apply_at_the_next_request(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Viewers", Permission.USER_VIEW)
    add(world, user.id, groupId=group_id)
    me = world.invoke(get_me, caller=user.id)
    assert me.body["effectivePermissions"] == ["user.view"]


def test_adding_again_only_sets_the_role(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")
    add(world, user.id, groupId=group_id)

    promoted = add(world, user.id, groupId=group_id, role="admin")
    assert promoted.body["groupMemberships"] == [{"groupId": group_id, "role": "admin"}]
    stored = world.stored()
    assert add(world, user.id, groupId=group_id, role="admin").body["version"] == 3
    assert add(world, user.id, groupId=group_id).body["version"] == 3
    assert world.stored() == stored


def test_other_groups_stay(world: World) -> None:
    user = world.add_user()
    groups = [world.add_group(name) for name in ("One", "Two")]
    for group_id in groups:
        reply = add(world, user.id, groupId=group_id)
    assert sorted(reply.body["groups"]) == sorted(groups)


def test_unknown_group_and_user_are_not_found(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")

    for reply, detail in (
        (add(world, user.id, groupId="grp_unknown"), "Group not found"),
        (add(world, "usr_unknown", groupId=group_id), "User not found"),
    ):
        assert (reply.status, reply.body["detail"]) == (404, detail)
    assert world.user(user.id) == user


def test_membership_is_in_force_from_its_start_to_its_end(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Viewers", Permission.USER_VIEW)

    reply = add(
        world,
        user.id,
        groupId=group_id,
        startsAt="2026-01-05T11:00:00+01:00",
        endsAt="2026-01-05T11:00:00Z",
    )

    assert reply.body["groupMemberships"] == [
        {
            "groupId": group_id,
            "role": "member",
            "startsAt": "2026-01-05T10:00:00.000Z",
            "endsAt": "2026-01-05T11:00:00.000Z",
        }
    ]
    counted = []
    for _ in range(4):
        me = world.invoke(get_me, caller=user.id)
        counted.append(bool(me.body["effectivePermissions"]))
        world.clock.advance(minutes=40)
    assert counted == [False, False, True, False]


def test_absent_times_stay_the_same(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")
    ends = "2026-02-01T00:00:00.000Z"
    add(world, user.id, groupId=group_id, endsAt=ends)

    kept = add(world, user.id, groupId=group_id, role="admin").body["groupMemberships"]
    assert kept == [{"groupId": group_id, "role": "admin", "endsAt": ends}]
    freed = add(world, user.id, groupId=group_id, endsAt=None).body["groupMemberships"]
    assert freed == [{"groupId": group_id, "role": "admin"}]


def test_start_and_end_can_change_separately(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")
    starts, ends = "2026-01-20T00:00:00.000Z", "2026-02-01T00:00:00.000Z"
    add(world, user.id, groupId=group_id, startsAt=starts)

    both = add(world, user.id, groupId=group_id, endsAt=ends).body["groupMemberships"]

    assert both == [{"groupId": group_id, "role": "member", "startsAt": starts, "endsAt": ends}]
    for refused, field in (
        (add(world, user.id, groupId=group_id, startsAt=ends), "startsAt"),
        (add(world, user.id, groupId=group_id, endsAt=starts), "endsAt"),
        (add(world, user.id, groupId=group_id, startsAt=ends, endsAt=starts), "endsAt"),
    ):
        assert (refused.status, refused.fields) == (422, [field])
        assert refused.body["errors"][0]["message"] == "endsAt must be later than startsAt."
    begun = add(world, user.id, groupId=group_id, startsAt=None).body["groupMemberships"]
    assert begun == [{"groupId": group_id, "role": "member", "endsAt": ends}]


def test_membership_of_a_superior_cannot_be_shortened(world: World) -> None:
    group_id = world.add_group("Readers")
    superior = world.join_group(world.add_user(is_admin=True).id, group_id)
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))

    reply = add(world, superior.id, caller.id, groupId=group_id, endsAt="2026-01-05T09:30:00Z")

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert world.user(superior.id) == superior


def test_deleted_group_cannot_be_joined_even_by_its_members(world: World) -> None:
    group_id = world.add_group("Readers")
    member, stranger = world.join_group(world.add_user().id, group_id), world.add_user()
    world.invoke(delete_group, path={"group_id": group_id})
    for user in (member, stranger):
        reply = add(world, user.id, groupId=group_id, role="admin")
        assert (reply.status, reply.code) == (404, "group_not_found")
        assert world.user(user.id) == user


def test_deleted_user_cannot_be_added(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")
    world.change_user(user, user.as_deleted(world.clock.now))
    assert add(world, user.id, groupId=group_id).code == "user_deleted"


def test_group_with_permissions_that_the_caller_lacks_cannot_be_granted(world: World) -> None:
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))
    user, group_id = world.add_user(), world.add_group("Deleters", Permission.USER_DELETE)

    reply = add(world, user.id, caller=caller.id, groupId=group_id)

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.user(user.id) == user


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["groupId"]),
        ({"groupId": "grp_1", "role": "owner"}, ["role"]),
        ({"group_id": "grp_1"}, ["groupId", "group_id"]),
        ({"groupId": "grp_1", "startsAt": "2026-01-05"}, ["startsAt"]),
        ({"groupId": "grp_1", "endsAt": "2026-01-05T09:00:00"}, ["endsAt"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    reply = add(world, world.add_user().id, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)


def test_cognito_is_not_called(world: World) -> None:
    user, group_id = world.add_user(), world.add_group("Readers")
    with watched(world.aws) as seen:
        add(world, user.id, groupId=group_id)
        world.drain()
    writes = {call.operation for call in seen if call.service == "cognito-idp"}
    assert writes <= {"AdminGetUser", "AdminListGroupsForUser"}
    assert world.user(user.id).in_step
