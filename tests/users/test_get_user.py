"""GET /admin/users/{userId} (U6, R2, I12)."""

from __future__ import annotations

from datetime import timedelta

from functions.groups.update_group import update_group
from functions.reactions.admit_sign_in import admit_sign_in
from functions.users.get_user import get_user
from functions.users.update_user import update_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.kit.model import format_time
from rollcall.kit.transaction import Change
from rollcall.users.inactivity import Inactivity
from tests.world.aws_edge import failing, watched
from tests.world.gateway import Reply
from tests.world.world import World


def get(world: World, user_id: str) -> Reply:
    return world.invoke(get_user, path={"user_id": user_id})


def test_whole_user_is_shown(world: World) -> None:
    group_id = world.add_group("Deleters", Permission.USER_DELETE)
    user = world.add_user(
        "jane@example.com",
        username="jane",
        name="Jane Doe",
        phone="+4915112345678",
        permissions=(Permission.USER_VIEW,),
        user_types=("mentor",),
    )
    world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))

    reply = get(world, user.id)

    assert reply.status == 200
    assert reply.headers["ETag"].startswith('"2-')
    assert reply.body == {
        "id": user.id,
        "version": 2,
        "username": "jane",
        "email": "jane@example.com",
        "phone": "+4915112345678",
        "name": "Jane Doe",
        "status": "active",
        "groups": [group_id],
        "groupMemberships": [{"groupId": group_id, "role": "admin"}],
        "isAdmin": False,
        "userTypes": ["mentor"],
        "roles": [],
        "roleGrants": [],
        "permissions": ["user.view"],
        "permissionGrants": [{"permission": "user.view"}],
        "organizations": [],
        "resources": {},
        "workspaceCount": 0,
        "profile": {"expertise": []},
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
        "effectivePermissions": ["user.delete", "user.view"],
        "facts": {},
        "identity": {"inStep": True},
    }


def test_last_sign_in_is_shown(world: World) -> None:
    user = world.add_user()
    assert "lastLoginAt" not in get(world, user.id).body
    world.clock.advance(hours=2)

    event = {"userName": user.id, "triggerSource": "TokenGeneration_Authentication"}
    admit_sign_in.react(event, world.runtime)

    reply = get(world, user.id)
    assert reply.body["lastLoginAt"] == "2026-01-05T11:00:00.000Z"
    assert reply.body["version"] == 1


def test_account_out_of_sync_is_shown(world: World) -> None:
    user = world.add_user()
    with failing(world.aws, "cognito-idp"):
        world.invoke(update_user, path={"user_id": user.id}, body={"name": "New"})
    assert get(world, user.id).body["identity"] == {"inStep": False}


def test_unknown_erased_and_invalid_ids_have_the_same_answer(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_erased(world.clock.now))

    answers = [get(world, each) for each in (user.id, "usr_unknown", "grp_1", "..%2F", "ä")]

    assert all(answer == answers[0] for answer in answers)
    assert (answers[0].status, answers[0].code) == (404, "user_not_found")
    assert answers[0].body["detail"] == "User not found"


def test_reading_takes_one_query_for_a_user_without_groups(world: World) -> None:
    user = world.add_user()
    with watched(world.aws) as seen:
        get(world, user.id)
    assert [call.operation for call in seen] == ["Query", "Query"], "the caller, then the user"


def test_known_user_is_304_until_anything_shown_changes(world: World) -> None:
    group_id = world.add_group("Readers")
    user = world.add_user()
    world.join_group(user.id, group_id)
    tag = get(world, user.id).headers["ETag"]

    def ask() -> int:
        nonlocal tag
        headers = {"If-None-Match": tag}
        reply = world.invoke(get_user, path={"user_id": user.id}, headers=headers)
        tag = reply.headers["ETag"]
        return reply.status

    assert ask() == 304
    world.invoke(update_group, path={"group_id": group_id}, body={"permissions": ["user.view"]})
    assert (ask(), ask()) == (200, 304)
    world.clock.advance(days=1)
    assert ask() == 304
    world.sign_in(user.id)
    assert (ask(), ask()) == (200, 304)
    world.change_user(world.user(user.id), world.user(user.id).model_copy(update={"name": "New"}))
    assert (ask(), ask()) == (200, 304)


def test_warned_user_shows_when_the_account_will_be_disabled(world: World) -> None:
    user = world.add_user()
    assert "disablesAt" not in get(world, user.id).body
    record = Inactivity.none_of(user.id, world.clock.now)
    until = world.clock.now + timedelta(days=14)
    warned = record.with_warning(world.clock.now, until)
    world.call().commit(Change(None, warned), answer=lambda written: written)

    with watched(world.aws) as calls:
        reply = get(world, user.id)

    assert reply.body["disablesAt"] == format_time(until)
    without = world.add_user("other@example.com")
    with watched(world.aws) as plain:
        get(world, without.id)
    assert len(calls) == len(plain)  # it costs no further read

    world.clock.advance(days=1)
    world.sign_in(user.id)
    assert "disablesAt" not in get(world, user.id).body
