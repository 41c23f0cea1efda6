"""POST /admin/groups/{groupId}/members (G5, R4, A1, I7, I9, I11)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from functions.groups.add_users_to_group import add_users_to_group
from functions.groups.delete_group import delete_group
from functions.users.demote_user import demote_user
from functions.users.get_me import get_me
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.users.user import User
from tests.faults.races import COMMIT, meanwhile
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def add(
    world: World,
    group_id: str,
    *members: dict[str, Any] | User,
    caller: str = "",
    headers: dict[str, str] | None = None,
) -> Reply:
    rows = [{"userId": each.id} if isinstance(each, User) else each for each in members]
    return world.invoke(
        add_users_to_group,
        caller=caller,
        path={"group_id": group_id},
        headers=headers,
        body={"members": rows, "reason": "New term"},
    )


def outcomes(reply: Reply) -> list[tuple[int, str]]:
    """Each row's status, and the code of its refusal."""
    return [
        (each["status"], each.get("problem", {}).get("code", "")) for each in reply.body["results"]
    ]


def test_documented_request_has_a_result_for_each_row(world: World) -> None:
    group_id = world.add_group("Readers")
    new, known, gone = world.add_user(), world.add_user(), world.add_user()
    world.join_group(known.id, group_id)
    world.change_user(gone, gone.as_deleted(world.clock.now))

    reply = add(world, group_id, new, known, gone, {"userId": "usr_unknown"})

    assert reply.status == 207
    assert reply.body["results"][:2] == [
        {"id": new.id, "status": 201},
        {"id": known.id, "status": 200},
    ]
    assert reply.body["results"][2]["problem"] == {
        "type": "urn:rollcall:problem:user_deleted",
        "title": "Conflict",
        "status": 409,
        "detail": "A deleted user cannot be changed. Restore the user first.",
        "code": "user_deleted",
        "errors": [],
        "requestId": "req_test",
    }
    assert outcomes(reply)[2:] == [(409, "user_deleted"), (404, "user_not_found")]
    assert world.group(group_id).member_count == 2


def test_each_row_has_its_own_role_period_and_journal_entry(world: World) -> None:
    group_id = world.add_group("Readers")
    first, second = world.add_user(), world.add_user()

    add(
        world,
        group_id,
        {"userId": first.id, "role": "admin"},
        {"userId": second.id, "endsAt": "2026-02-01T00:00:00Z"},
    )

    held = [world.user(each.id).memberships[0] for each in (first, second)]
    assert [each.role for each in held] == [GroupRole.ADMIN, GroupRole.MEMBER]
    assert held[1].fact() == {"role": "member", "endsAt": "2026-02-01T00:00:00.000Z"}
    for each in (first, second):
        entry = world.journal(each.id)[-1]
        assert (entry.action, entry.actor.id, entry.reason) == (
            "add_users_to_group",
            world.admin_id,
            "New term",
        )
        assert entry.changes[f"groups.{group_id}"].before is None


def test_present_member_keeps_fields_that_the_request_omits(world: World) -> None:
    group_id = world.add_group("Readers")
    kept, changed = world.add_user(), world.add_user()
    for user in (kept, changed):
        world.join_group(user.id, group_id, GroupRole.ADMIN)
    stored = world.user(kept.id)

    reply = add(world, group_id, kept, {"userId": changed.id, "role": "member"})

    assert outcomes(reply) == [(200, ""), (200, "")]
    assert world.user(kept.id) == stored
    assert world.user(changed.id).memberships[0].role is GroupRole.MEMBER


def test_change_applies_at_the_next_request(world: World) -> None:
    group_id, user = world.add_group("Viewers", Permission.USER_VIEW), world.add_user()
    add(world, group_id, user)
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == ["user.view"]


def test_only_rows_that_exceed_the_callers_permissions_are_refused(world: World) -> None:
    group_id = world.add_group("Readers")
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))
    first, second, superior = world.add_user(), world.add_user(), world.add_user(is_admin=True)
    world.join_group(superior.id, group_id)

    reply = add(
        world,
        group_id,
        {"userId": first.id, "role": "admin"},
        {"userId": superior.id, "endsAt": "2026-01-06T00:00:00Z"},
        second,
        caller=caller.id,
    )

    assert outcomes(reply) == [
        (403, "grant_exceeds_own"),
        (403, "target_outranks_caller"),
        (201, ""),
    ]
    assert world.user(first.id) == first


def test_group_that_grants_more_than_the_caller_holds_is_refused(world: World) -> None:
    group_id, user = world.add_group("Deleters", Permission.USER_DELETE), world.add_user()
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))
    reply = add(world, group_id, user, caller=caller.id)
    assert outcomes(reply) == [(403, "grant_exceeds_own")]
    assert world.user(user.id) == user


def test_unknown_group_is_refused_before_any_row(world: World) -> None:
    user = world.add_user()
    stored = world.stored()
    reply = add(world, "grp_unknown", user)
    assert (reply.status, reply.code) == (404, "group_not_found")
    assert world.stored() == stored


def test_group_deleted_between_two_rows_refuses_further_rows(world: World) -> None:
    group_id = world.add_group("Readers")
    users = [world.add_user() for _ in range(2)]
    deletion = partial(world.invoke, delete_group, path={"group_id": group_id})

    with meanwhile(world, COMMIT, deletion):
        reply = add(world, group_id, *users)

    assert outcomes(reply) == [(404, "group_not_found")] * 2
    assert [world.user(each.id).memberships for each in users] == [(), ()]


def test_caller_can_be_in_any_row(world: World) -> None:
    group_id = world.add_group("Readers")
    caller = world.add_user(permissions=(Permission.GROUP_ASSIGN,))
    others = [world.add_user() for _ in range(2)]

    reply = add(world, group_id, others[0], caller, others[1], caller=caller.id)

    assert outcomes(reply) == [(201, "")] * 3


def test_caller_who_loses_the_permission_between_two_rows_is_refused(world: World) -> None:
    group_id, caller = world.add_group("Readers"), world.add_user(is_admin=True)
    users = [world.add_user() for _ in range(3)]
    demotion = partial(world.invoke, demote_user, path={"user_id": caller.id})

    with meanwhile(world, COMMIT, demotion):
        reply = add(world, group_id, *users, caller=caller.id)

    assert (reply.status, reply.code) == (403, "permission_missing")
    assert not any(world.user(each.id).memberships for each in users)


def test_same_key_returns_the_same_answer_without_further_effect(world: World) -> None:
    group_id, headers = world.add_group("Readers"), {"Idempotency-Key": "key-1"}
    users = [world.add_user() for _ in range(2)]
    first = add(world, group_id, *users, headers=headers)
    stored = world.stored()

    assert add(world, group_id, *users, headers=headers) == first
    assert outcomes(first) == [(201, "")] * 2
    assert world.stored() == stored
    other = add(world, group_id, users[0], headers=headers)
    assert (other.status, other.fields) == (422, ["Idempotency-Key"])


def test_repeated_request_after_a_failure_adds_no_user_twice(world: World) -> None:
    group_id, headers = world.add_group("Readers"), {"Idempotency-Key": "key-1"}
    users = [world.add_user() for _ in range(3)]

    with failing(world.aws, "dynamodb", COMMIT, code="InternalServerError", after=1, times=1):
        failed = add(world, group_id, *users, headers=headers)

    assert (failed.status, failed.code) == (503, "database_unavailable")
    again = add(world, group_id, *users, headers=headers)
    assert outcomes(again) == [(200, ""), (201, ""), (201, "")]
    assert [len(world.journal(each.id)) for each in users] == [2, 2, 2]


def test_if_match_is_compared_with_the_etag_of_the_group(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    stale = add(world, group_id, user, headers={"If-Match": '"7"'})
    assert (stale.status, stale.code) == (412, "stale_version")
    assert world.user(user.id) == user
    assert add(world, group_id, user, headers={"If-Match": '"1"'}).status == 207


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ([], ["members"]),
        ([{"userId": f"usr_{number}"} for number in range(101)], ["members"]),
        ([{"userId": "usr_1"}, {"userId": "usr_1", "role": "admin"}], ["members"]),
        ([{"userId": "usr_1", "role": "owner"}], ["members.0.role"]),
        ([{"userId": "usr_1"}, {"id": "usr_2"}], ["members.1.userId", "members.1.id"]),
        ([{"userId": "usr_1", "startsAt": LATE, "endsAt": EARLY}], ["members.0.endsAt"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, members: list[dict[str, Any]], fields: list[str]
) -> None:
    reply = add(world, world.add_group("Readers"), *members)
    assert (reply.status, reply.fields) == (422, fields)


def test_hundred_users_can_be_added_in_one_request(world: World) -> None:
    group_id = world.add_group("Readers")
    rows = [{"userId": f"usr_{number}"} for number in range(99)]
    reply = add(world, group_id, *rows, world.add_user())
    assert outcomes(reply) == [*[(404, "user_not_found")] * 99, (201, "")]
