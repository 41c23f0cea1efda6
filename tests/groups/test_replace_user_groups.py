"""PUT /admin/users/{userId}/groups (G4, G2, R4, A1, I6, I7, I8, I11, I13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.groups.delete_group import delete_group
from functions.groups.replace_user_groups import replace_user_groups
from functions.users.get_me import get_me
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, Permission
from tests.faults.races import COMMIT, meanwhile
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.opening import open_world
from tests.world.world import World


def replace(
    world: World,
    user_id: str,
    *groups: str | dict[str, Any],
    caller: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    rows = [{"groupId": each} if isinstance(each, str) else each for each in groups]
    return world.invoke(
        replace_user_groups,
        caller=caller,
        path={"user_id": user_id},
        headers=headers,
        body={"groups": rows, "reason": "New team"},
    )


def test_groups_are_replaced_together_and_the_journal_has_the_changes(world: World) -> None:
    left, kept, changed, joined = (
        world.add_group(name) for name in ("Left", "Kept", "Changed", "Joined")
    )
    user = world.add_user()
    for group_id in (left, kept, changed):
        user = world.join_group(user.id, group_id)

    reply = replace(
        world, user.id, kept, {"groupId": changed, "role": "admin"}, {"groupId": joined}
    )

    assert (reply.status, reply.headers["ETag"]) == (200, f'"{user.version + 1}"')
    roles = {each["groupId"]: each["role"] for each in reply.body["groupMemberships"]}
    assert roles == {kept: "member", changed: "admin", joined: "member"}
    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "replace_user_groups",
        world.admin_id,
        "New team",
    )
    assert {name: (each.before, each.after) for name, each in entry.changes.items()} == {
        f"groups.{left}": ({"role": "member"}, None),
        f"groups.{changed}": ({"role": "member"}, {"role": "admin"}),
        f"groups.{joined}": (None, {"role": "member"}),
    }
    counts = [world.group(each).member_count for each in (left, kept, changed, joined)]
    assert counts == [0, 1, 1, 1]


def test_absent_fields_of_a_membership_stay_the_same(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    ends = START + timedelta(days=1)
    held = world.join_group(user.id, group_id, GroupRole.ADMIN, ends_at=ends)

    assert replace(world, user.id, group_id).body["version"] == held.version
    replace(world, user.id, {"groupId": group_id, "role": "member"})
    (place,) = world.user(user.id).memberships
    assert (place.role, place.ends_at) == (GroupRole.MEMBER, ends)
    late = replace(world, user.id, {"groupId": group_id, "startsAt": "2031-01-01T00:00:00Z"})
    assert (late.status, late.fields) == (422, ["groups.0.startsAt"])
    replace(world, user.id, {"groupId": group_id, "startsAt": "2026-01-05T12:00:00Z"})
    assert world.user(user.id).memberships[0].ends_at == ends
    replace(world, user.id, {"groupId": group_id, "endsAt": None})
    assert world.user(user.id).memberships[0].ends_at is None


def test_empty_list_removes_all_groups(world: World) -> None:
    user = world.join_group(world.add_user().id, world.add_group("Readers"))
    assert replace(world, user.id).body["groups"] == []
    assert world.user(user.id).memberships == ()


def test_change_applies_at_the_next_request(world: World) -> None:
    viewers = world.add_group("Viewers", Permission.USER_VIEW)
    makers = world.add_group("Makers", Permission.USER_CREATE)
    user = world.join_group(world.add_user().id, viewers)

    replace(world, user.id, makers)

    me = world.invoke(get_me, caller=user.id)
    assert me.body["effectivePermissions"] == ["user.create"]


def test_unknown_or_deleted_group_replaces_nothing(world: World) -> None:
    kept, gone = world.add_group("Kept"), world.add_group("Gone")
    user = world.add_user()
    for group_id in (kept, gone):
        user = world.join_group(user.id, group_id)
    world.invoke(delete_group, path={"group_id": gone})
    stored = world.stored()

    for unknown in ("grp_unknown", gone):
        reply = replace(world, user.id, kept, unknown)
        assert (reply.status, reply.code) == (404, "group_not_found")
    assert world.stored() == stored
    assert replace(world, user.id, kept).status == 200, "a deleted one may be left"
    world.drain()
    assert (world.user(user.id).group_ids, world.group(gone).member_count) == ((kept,), 0)


def test_group_deleted_before_the_commit_is_not_joined(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    deletion = partial(world.invoke, delete_group, path={"group_id": group_id})

    with meanwhile(world, COMMIT, deletion):
        reply = replace(world, user.id, group_id)

    assert (reply.status, reply.code) == (404, "group_not_found")
    assert world.user(user.id) == user


def test_group_with_active_workspaces_of_the_user_cannot_be_left(world: World) -> None:
    busy, idle, new = (world.add_group(name) for name in ("Busy", "Idle", "New"))
    user = world.add_user()
    for group_id in (busy, idle):
        world.join_group(user.id, group_id)
    for active in (True, True, False):
        world.add_resource(user.id, group_id=busy, active=active)
    stored = world.stored()

    reply = replace(world, user.id, new)

    assert (reply.status, reply.code) == (409, "active_workspaces")
    assert f"(2 in {busy})" in reply.body["detail"]
    assert world.stored() == stored
    assert replace(world, user.id, busy, new).body["groups"] == sorted([busy, new])


def test_workspace_registered_meanwhile_prevents_leaving_the_group(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.join_group(world.add_user().id, group_id)

    with meanwhile(world, COMMIT, partial(world.add_resource, user.id, group_id=group_id)):
        reply = replace(world, user.id)

    assert (reply.status, reply.code) == (409, "active_workspaces")
    assert world.user(user.id).memberships == user.memberships


def test_caller_cannot_grant_or_revoke_more_than_they_hold(world: World) -> None:
    deleters = world.add_group("Deleters", Permission.USER_DELETE)
    readers = world.add_group("Readers")
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))
    user = world.join_group(world.add_user().id, readers)
    superior = world.join_group(world.add_user().id, deleters)
    admin = {"groupId": readers, "role": "admin"}

    refused = [
        replace(world, user.id, readers, deleters, caller=caller.id),
        replace(world, user.id, admin, caller=caller.id),
        replace(world, superior.id, readers, caller=caller.id),
    ]

    assert [(each.status, each.code) for each in refused] == [
        (403, "grant_exceeds_own"),
        (403, "grant_exceeds_own"),
        (403, "target_outranks_caller"),
    ]
    assert (world.user(user.id), world.user(superior.id)) == (user, superior)
    assert replace(world, superior.id, deleters, readers, caller=caller.id).status == 200
    equal = world.add_user(permissions=(Permission.GROUP_ASSIGN, *GROUP_ADMIN_PERMISSIONS))
    assert replace(world, user.id, admin, caller=equal.id).status == 200


def test_documented_number_of_groups_can_change_in_one_request(world: World) -> None:
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))
    world.join_group(caller.id, world.add_group("Any", Permission.USER_VIEW))
    groups = [world.add_group(f"Group {number}") for number in range(45)]
    user = world.add_user()

    refused = replace(world, user.id, *groups, caller=caller.id)

    assert (refused.status, refused.code, refused.fields) == (422, "invalid", ["groups"])
    (error,) = refused.body["errors"]
    assert (error["code"], error["message"]) == (
        "too_many_changes",
        "This change needs 90 writes, but one transaction can have only 88. "
        "Split it into several requests.",
    )
    assert world.user(user.id) == user
    for wanted in (groups[:-1], [], groups[1:]):
        headers = {"Idempotency-Key": f"key-{len(wanted)}-{wanted[:1]}"}
        reply = replace(world, user.id, *wanted, caller=caller.id, headers=headers)
        assert (reply.status, reply.body["groups"]) == (200, sorted(wanted))


def test_many_groups_can_be_listed_if_few_change(world: World) -> None:
    groups = [world.add_group(f"Group {number}") for number in range(100)]
    user = world.add_user()
    for start in range(0, 100, 40):
        assert replace(world, user.id, *groups[: start + 40]).status == 200

    with watched(world.aws) as seen:
        reply = replace(world, user.id, *groups[1:])

    assert len(reply.body["groups"]) == 99
    assert [call.operation for call in seen].count("BatchGetItem") == 1


def test_if_match_and_idempotency_key_apply(world: World) -> None:
    groups = [world.add_group(name) for name in ("One", "Two")]
    user = world.join_group(world.add_user().id, groups[0])
    stale = replace(world, user.id, groups[1], headers={"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "stale_version")

    headers = {"Idempotency-Key": "key-1"}
    first = replace(world, user.id, groups[1], headers=headers)
    replace(world, user.id, groups[0])
    assert replace(world, user.id, groups[1], headers=headers) == first
    assert world.user(user.id).group_ids == (groups[0],)


def test_unknown_and_deleted_users_have_no_replaceable_groups(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))
    assert replace(world, "usr_unknown", group_id).code == "user_not_found"
    assert replace(world, user.id, group_id).code == "user_deleted"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["groups"]),
        ({"groups": None}, ["groups"]),
        ({"groups": ["grp_1"]}, ["groups.0"]),
        ({"groups": [{"groupId": "grp_1"}, {"groupId": "grp_1"}]}, ["groups"]),
        ({"groups": [{"groupId": "grp_1", "role": "owner"}]}, ["groups.0.role"]),
        ({"groups": [{"groupId": f"grp_{n}"} for n in range(501)]}, ["groups"]),
        ({"groups": [], "mode": "add"}, ["mode"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    path = {"user_id": world.add_user().id}
    reply = world.invoke(replace_user_groups, path=path, body=body)
    assert (reply.status, reply.fields) == (422, fields)


WISHES = st.dictionaries(st.integers(0, 3), st.sampled_from([None, "member", "admin"]))


@settings(max_examples=20)
@given(wishes=st.lists(WISHES, min_size=1, max_size=4))
def test_groups_and_counters_match_the_last_of_several_replacements(
    wishes: list[Mapping[int, str | None]],
) -> None:
    with open_world() as world:
        groups = [world.add_group(f"Group {number}") for number in range(4)]
        user_id = world.add_user().id
        expected: dict[str, str] = {}
        for wish in wishes:
            expected = {
                groups[number]: role or expected.get(groups[number], "member")
                for number, role in wish.items()
            }
            rows = [
                {"groupId": groups[number], **({"role": role} if role else {})}
                for number, role in wish.items()
            ]
            replace(world, user_id, *rows)

        held = {each.group_id: each.role for each in world.user(user_id).memberships}
        assert held == expected
        counts = [world.group(group_id).member_count for group_id in groups]
        assert counts == [int(group_id in expected) for group_id in groups]
