"""GET /admin/users/{userId}/history (A1, R2, I12, I19)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.users.delete_user import delete_user
from functions.users.get_me import get_me
from functions.users.get_user import get_user
from functions.users.get_user_history import get_user_history
from functions.users.promote_user import promote_user
from functions.users.update_user import update_user
from rollcall.access.policy import POLICY_ID
from rollcall.grants.grant import GroupRole, Period, PermissionGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.attribute_values import from_attributes
from rollcall.kit.journal import JournalEntry
from rollcall.kit.model import format_time
from rollcall.users.user import User
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.strict_aws import Response, Serve, WireCall
from tests.world.world import World


def look(world: World, user_id: str, *, caller: str = "", **query: str) -> Reply:
    return world.invoke(get_user_history, caller=caller, path={"user_id": user_id}, query=query)


def look_back(world: World, user_id: str, at: datetime, **query: str) -> Reply:
    return look(world, user_id, at=format_time(at), **query)


def versions(reply: Reply) -> list[int]:
    return [item["version"] for item in reply.body["items"]]


def rename(world: World, user: User, number: int) -> User:
    """Change a user's name this many times, a minute apart."""
    for each in range(number):
        world.clock.advance(minutes=1)
        user = world.change_user(user, user.model_copy(update={"name": f"Name {each}"}))
    return user


@contextmanager
def withheld(world: World, target_id: str, *versions: int) -> Iterator[None]:
    """The journal's index does not have the entries of these versions yet."""
    behind = world.aws.intercept

    def lag(call: WireCall, serve: Serve) -> Response:
        answered, error = behind(call, serve)
        if answered and call.parameters.get("IndexName") == "gsi1":
            found = answered[1].get("Items", [])
            answered[1]["Items"] = [item for item in found if not is_withheld(item)]
        return answered, error

    def is_withheld(item: dict[str, Any]) -> bool:
        target = from_attributes(item).get("target", {})
        return (target.get("id"), target.get("version")) in {(target_id, v) for v in versions}

    world.aws.intercept = lag
    try:
        yield
    finally:
        world.aws.intercept = behind


def test_every_version_has_its_actor_changes_time_address_and_reason(world: World) -> None:
    user = world.add_user("old@example.com", username="ada")
    world.clock.advance(hours=1)
    body = {"email": "new@example.com", "name": "Ada", "reason": "Asked for it"}
    world.invoke(update_user, path={"user_id": user.id}, body=body)

    reply = look(world, user.id)

    assert reply.status == 200
    newest, oldest = reply.body["items"]
    assert newest == {
        "version": 2,
        "at": "2026-01-05T10:00:00.000Z",
        "action": "update_user",
        "actor": {
            "kind": "user",
            "id": world.admin_id,
            "ipAddress": "192.0.2.7",
            "userAgent": "pytest",
        },
        "changes": {
            "email": {"before": "old@example.com", "after": "new@example.com"},
            "name": {"after": "Ada"},
            "authEpoch": {"before": 0, "after": int(world.clock.now.timestamp())},
        },
        "reason": "Asked for it",
        "requestId": "req_test",
    }
    assert (oldest["version"], oldest["action"]) == (1, "add_user")
    assert oldest["actor"] == {"kind": "system", "id": "test"} | oldest["actor"]
    assert oldest["changes"]["username"] == {"after": "ada"}
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 2, "totalPages": 1}
    assert "then" not in reply.body


def test_history_excludes_other_users_and_notes(world: World) -> None:
    user, other = world.add_user(), world.add_user()
    rename(world, other, 2)
    world.add_note(user.id, "Likes tea")
    assert versions(look(world, user.id)) == [1]


def test_pages_by_number_and_by_cursor_have_the_same_versions(world: World) -> None:
    user = rename(world, world.add_user(), 6)

    numbered = [look(world, user.id, page=str(page), limit="3") for page in (1, 2, 3, 4)]
    walked = [look(world, user.id, limit="3")]
    while cursor := walked[-1].body["pagination"].get("nextCursor"):
        walked.append(look(world, user.id, limit="3", cursor=cursor))

    assert [versions(reply) for reply in numbered] == [[7, 6, 5], [4, 3, 2], [1], []]
    assert [versions(reply) for reply in walked] == [[7, 6, 5], [4, 3, 2], [1]]
    assert {reply.body["pagination"]["total"] for reply in (*numbered, *walked)} == {7}


def test_cursor_is_bound_to_one_user_and_one_time(world: World) -> None:
    user, other = rename(world, world.add_user(), 6), rename(world, world.add_user(), 6)
    cursor = look(world, user.id, limit="3").body["pagination"]["nextCursor"]

    for reply in (
        look(world, other.id, limit="3", cursor=cursor),
        look_back(world, user.id, world.clock.now, limit="3", cursor=cursor),
    ):
        assert (reply.status, reply.code) == (400, "cursor_invalid")


def test_listing_costs_one_index_query_beyond_caller_and_user(world: World) -> None:
    user = rename(world, world.add_user(), 3)
    with watched(world.aws) as seen:
        look(world, user.id)
    assert [call.operation for call in seen] == ["Query"] * 3


def test_user_is_shown_at_a_time_with_the_versions_up_to_it(world: World) -> None:
    group_id = world.add_group("Readers", Permission.GROUP_VIEW)
    user = world.add_user("old@example.com", name="Old", permissions=(Permission.USER_VIEW,))
    world.clock.advance(minutes=10)
    joined = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    shown = world.invoke(get_user, path={"user_id": user.id}).body
    moment = world.clock.now
    world.clock.advance(minutes=10)
    changed = joined.without_membership(group_id).model_copy(update={"email": "new@example.com"})
    world.change_user(joined, changed)
    world.invoke(promote_user, path={"user_id": user.id})

    reply = look_back(world, user.id, moment + timedelta(minutes=5))

    assert versions(reply) == [2, 1]
    assert reply.body["pagination"]["total"] == 2
    then = reply.body["then"]
    assert then["at"] == format_time(moment + timedelta(minutes=5))
    assert then["effectivePermissions"] == ["group.view", "user.view"]
    assert then["user"] == {name: shown[name] for name in then["user"]}
    assert then["user"]["updatedAt"] == format_time(moment)
    assert then["user"]["groupMemberships"] == [{"groupId": group_id, "role": "admin"}]


def test_permissions_are_those_of_groups_and_roles_at_that_time(world: World) -> None:
    group_id = world.add_group("Readers", Permission.GROUP_VIEW)
    user = world.add_user()
    world.change_user(user, user.with_membership(group_id))
    moments = [world.clock.now]
    for permissions in ((Permission.GROUP_VIEW, Permission.USER_VIEW), (), (Permission.ROLE_VIEW,)):
        world.clock.advance(minutes=10)
        world.grant_to_group(group_id, permissions)
        moments.append(world.clock.now)

    found = [look_back(world, user.id, each).body["then"] for each in moments]

    assert [then["effectivePermissions"] for then in found] == [
        ["group.view"],
        ["group.view", "user.view"],
        [],
        ["role.view"],
    ]
    assert [then["user"]["version"] for then in found] == [2, 2, 2, 2]


def test_groups_granted_nothing_before_the_first_policy(world: World) -> None:
    group_id, user = world.add_group("Readers"), world.add_user()
    world.change_user(user, user.with_membership(group_id))
    before = world.clock.now
    assert look_back(world, user.id, before).body["then"]["effectivePermissions"] == []
    world.clock.advance(minutes=10)
    world.grant_to_group(group_id, (Permission.GROUP_VIEW,))

    assert look_back(world, user.id, before).body["then"]["effectivePermissions"] == []
    now = look_back(world, user.id, world.clock.now).body["then"]
    assert now["effectivePermissions"] == ["group.view"]


def test_temporary_grant_applies_only_in_its_period(world: World) -> None:
    user, start = world.add_user(), world.clock.now
    hour = timedelta(hours=1)
    period = Period(starts_at=start + hour, ends_at=start + 2 * hour)
    granted = PermissionGrant(user_id=user.id, permission=Permission.USER_VIEW, **dict(period))
    world.change_user(user, user.with_grants("permission_grants", [granted]))
    world.clock.advance(hours=3)

    held = {
        minutes: look_back(world, user.id, start + timedelta(minutes=minutes)).body["then"]
        for minutes in (0, 59, 60, 119, 120, 180)
    }

    assert {m: then["effectivePermissions"] for m, then in held.items()} == {
        0: [],
        59: [],
        60: ["user.view"],
        119: ["user.view"],
        120: [],
        180: [],
    }
    assert {then["user"]["version"] for then in held.values()} == {2}


def test_platform_admin_at_that_time_had_all_permissions(world: World) -> None:
    user = world.add_user(is_admin=True)
    moment = world.clock.now
    world.clock.advance(minutes=1)
    world.change_user(user, user.model_copy(update={"is_admin": False}))

    then = look_back(world, user.id, moment).body["then"]

    assert (then["effectivePermissions"], then["user"]["roles"]) == (
        ["admin:access"],
        ["rol_system"],
    )
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == []


def test_time_before_the_creation_has_its_own_error(world: World) -> None:
    user = world.add_user()
    reply = look_back(world, user.id, world.clock.now - timedelta(milliseconds=1))
    assert (reply.status, reply.code) == (404, "user_not_created_yet")
    assert look_back(world, user.id, world.clock.now).status == 200


def test_future_time_counts_as_now(world: World) -> None:
    user = rename(world, world.add_user(), 2)
    later = world.clock.now + timedelta(days=365)
    period = Period(starts_at=world.clock.now + timedelta(days=1))
    coming = PermissionGrant(user_id=user.id, permission=Permission.USER_VIEW, **dict(period))
    world.clock.advance(minutes=1)
    world.change_user(user, user.with_grants("permission_grants", [coming]))

    reply = look_back(world, user.id, later)

    assert reply.body["then"]["at"] == format_time(world.clock.now)
    assert reply.body["then"]["effectivePermissions"] == []
    assert versions(reply) == [4, 3, 2, 1]


def test_versions_up_to_a_time_are_exact_to_the_millisecond(world: World) -> None:
    user = world.add_user()
    for number in range(5):
        world.clock.advance(milliseconds=1)
        user = world.change_user(user, user.model_copy(update={"name": f"Name {number}"}))

    for version, moment in enumerate(range(-5, 1), start=1):
        at = world.clock.now + timedelta(milliseconds=moment)
        reply = look(world, user.id, at=at.isoformat())
        assert versions(reply) == list(range(version, 0, -1))
        assert reply.body["then"]["user"]["version"] == version


def test_writer_with_a_late_clock_does_not_hide_newer_versions(world: World) -> None:
    user = rename(world, world.add_user(), 1)
    moment = world.clock.now
    world.clock.advance(seconds=-30)
    world.change_user(user, user.model_copy(update={"name": "Written last"}))
    world.clock.advance(hours=1)

    then = look_back(world, user.id, moment).body["then"]["user"]

    assert (then["name"], then["version"]) == ("Written last", 3)


@pytest.mark.parametrize(("missing", "minute"), [((4,), 2), ((3,), 2), ((3, 4), 1), ((2,), 1)])
def test_lagging_index_is_detected(world: World, missing: tuple[int, ...], minute: int) -> None:
    start, user = world.clock.now, rename(world, world.add_user(), 3)
    moment = start + timedelta(minutes=minute - 1, seconds=30)

    with withheld(world, user.id, *missing):
        reply = look_back(world, user.id, moment)

    assert (reply.status, reply.code) == (503, "history_incomplete")
    assert look_back(world, user.id, moment).status == 200


def test_lagging_index_of_the_policy_is_detected(world: World) -> None:
    group_id, user = world.add_group("Readers", Permission.GROUP_VIEW), world.add_user()
    world.change_user(user, user.with_membership(group_id))
    moment = world.clock.now
    world.clock.advance(minutes=1)
    world.grant_to_group(group_id, ())

    with withheld(world, POLICY_ID, 2):
        refused = look_back(world, user.id, moment)

    assert (refused.status, refused.code) == (503, "history_incomplete")
    found = look_back(world, user.id, moment).body["then"]
    assert found["effectivePermissions"] == ["group.view"]


def test_policy_is_not_read_for_a_user_who_does_not_depend_on_it(world: World) -> None:
    world.add_group("Readers", Permission.GROUP_VIEW)
    user = world.add_user(permissions=(Permission.USER_VIEW,))
    with watched(world.aws) as seen:
        look_back(world, user.id, world.clock.now)
    about = JournalEntry.about(POLICY_ID)
    asked = [call.parameters.get("ExpressionAttributeValues", {}).get(":pk") for call in seen]
    assert {"S": about} not in asked


def test_history_of_a_deleted_user_is_readable_while_the_tombstone_exists(world: World) -> None:
    user = world.add_user("gone@example.com", name="Gone Soon", permissions=(Permission.USER_VIEW,))
    moment = world.clock.now
    world.clock.advance(minutes=1)
    world.invoke(delete_user, path={"user_id": user.id})
    world.drain()

    reply = look(world, user.id)
    assert versions(reply) == [2, 1]
    assert reply.body["items"][0]["changes"]["email"] == {"before": "gone@example.com"}
    then = look_back(world, user.id, moment).body["then"]
    assert (then["user"]["name"], then["user"]["status"]) == ("Gone Soon", "active")
    assert then["effectivePermissions"] == ["user.view"]
    gone = look_back(world, user.id, world.clock.now).body["then"]
    assert (gone["user"]["status"], gone["effectivePermissions"]) == ("deleted", [])
    assert "email" not in gone["user"]


def test_users_with_an_expired_tombstone_and_unknown_users_have_the_same_answer(
    world: World,
) -> None:
    user = world.add_user()
    world.change_user(user, user.as_erased(world.clock.now))
    world.runtime.table.delete_items([user.key()])

    replies = [look(world, each) for each in (user.id, "usr_unknown", "grp_1", POLICY_ID)]

    assert {(reply.status, reply.code) for reply in replies} == {(404, "user_not_found")}


def test_permission_to_view_users_is_not_sufficient(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_VIEW,))
    reply = look(world, world.admin_id, caller=caller.id)
    assert (reply.status, reply.code) == (403, "permission_missing")


@pytest.mark.parametrize(
    "query",
    [
        {"at": "yesterday"},
        {"at": "2026-01-05T09:00:00"},
        {"at": ""},
        {"at": "9999-12-31T23:59:59-10:00"},
        {"at": "0001-01-01T00:00:00+10:00"},
        {"limit": "0"},
        {"page": "x"},
        {"since": "2026-01-05T09:00:00Z"},
    ],
)
def test_wrong_parameters_are_refused(world: World, query: dict[str, str]) -> None:
    reply = look(world, world.admin_id, **query)
    assert (reply.status, reply.fields) == (422, list(query))


def test_date_means_its_start_in_utc(world: World) -> None:
    user = world.add_user("old@example.com")
    world.clock.advance(hours=1)
    world.invoke(update_user, path={"user_id": user.id}, body={"email": "new@example.com"})

    world.clock.advance(days=3)
    past = look(world, user.id, at="2026-01-06")

    assert past.body["then"]["at"] == "2026-01-06T00:00:00.000Z"
    assert past.body["then"]["user"]["email"] == "new@example.com"
    assert look(world, user.id, at="2026-01-05").code == "user_not_created_yet"


@pytest.mark.parametrize("at", ["20261201", "2026", "-1", "1767600000", "2026-01-05T12:00:00"])
def test_digits_and_times_without_an_offset_are_refused(world: World, at: str) -> None:
    reply = look(world, world.admin_id, at=at)
    assert (reply.status, reply.fields) == (422, ["at"])


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01"])
def test_earliest_possible_time_is_before_the_user(world: World, at: str) -> None:
    assert look(world, world.admin_id, at=at).code == "user_not_created_yet"
