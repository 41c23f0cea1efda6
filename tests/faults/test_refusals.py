"""Refused requests change nothing (I10, I11)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.create_group import create_group
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.demote_user import demote_user
from functions.users.disable_user import disable_user
from functions.users.enable_user import enable_user
from functions.users.promote_user import promote_user
from functions.users.reset_password import reset_password
from functions.users.suspend_user import suspend_user
from functions.users.update_user import update_user
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from tests.faults.state import describe_state
from tests.world.gateway import Reply
from tests.world.world import World

EVERY_OTHER = tuple(each for each in Permission if each is not Permission.ADMIN_ACCESS)


def refuse(world: World, operation: Operation[Any, Any], **request: Any) -> Reply:
    """Send a request that must be refused and must not change the state."""
    before = describe_state(world)
    reply = world.invoke(operation, **request)
    assert 400 <= reply.status < 500
    assert describe_state(world) == before
    return reply


@pytest.mark.parametrize("operation", [demote_user, disable_user, suspend_user, delete_user])
def test_admin_cannot_demote_disable_or_delete_their_own_account(
    world: World, operation: Operation[Any, Any]
) -> None:
    world.add_user(is_admin=True)

    assert refuse(world, operation, path={"user_id": world.admin_id}).code == "own_account"


def test_user_cannot_change_their_own_status(world: World) -> None:
    body = {"status": "inactive", "name": "Ada"}

    reply = refuse(world, update_user, path={"user_id": world.admin_id}, body=body)

    assert reply.code == "own_account"


@pytest.mark.parametrize(
    "operation", [demote_user, disable_user, suspend_user, delete_user, reset_password]
)
def test_user_with_all_permissions_but_admin_access_cannot_change_an_admin(
    world: World, operation: Operation[Any, Any]
) -> None:
    actor = world.add_user(permissions=EVERY_OTHER)

    reply = refuse(world, operation, caller=actor.id, path={"user_id": world.admin_id})

    assert reply.code == "target_outranks_caller"


def test_user_cannot_create_a_user_with_more_permissions(world: World) -> None:
    actor = world.add_user(permissions=EVERY_OTHER)
    body = {"email": "new@example.com", "isAdmin": True}

    assert refuse(world, create_user, caller=actor.id, body=body).code == "grant_exceeds_own"


def test_user_without_all_permissions_cannot_promote(world: World) -> None:
    actor = world.add_user(permissions=EVERY_OTHER)

    reply = refuse(world, promote_user, caller=actor.id, path={"user_id": actor.id})

    assert reply.code == "grant_exceeds_own"


def test_user_cannot_enable_a_user_with_more_permissions(world: World) -> None:
    actor = world.add_user(permissions=(Permission.USER_DISABLE,))
    admin = world.add_user(is_admin=True)
    world.invoke(disable_user, path={"user_id": admin.id})

    reply = refuse(world, enable_user, caller=actor.id, path={"user_id": admin.id})

    assert reply.code == "grant_exceeds_own"


def test_user_cannot_grant_permissions_that_they_lack_through_a_group(world: World) -> None:
    actor = world.add_user(permissions=(Permission.GROUP_CREATE, Permission.GROUP_ASSIGN))
    group_id = world.add_group("Editors", Permission.USER_UPDATE)
    body = {"name": "Deleters", "permissions": ["user.delete"]}
    joined = {"groupId": group_id, "role": "member"}

    replies = [
        refuse(world, create_group, caller=actor.id, body=body),
        refuse(world, add_user_to_group, caller=actor.id, path={"user_id": actor.id}, body=joined),
    ]

    assert [reply.code for reply in replies] == ["grant_exceeds_own"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {"isAdmin": True},
        {"permissions": ["admin:access"]},
        {"authEpoch": 0},
        {"version": 7},
        {"name": "Ada", "memberships": []},
    ],
)
def test_unknown_fields_are_refused_and_not_ignored(world: World, body: dict[str, Any]) -> None:
    user = world.add_user()

    assert refuse(world, update_user, path={"user_id": user.id}, body=body).status == 422


def test_last_admin_cannot_be_removed_by_anyone(world: World) -> None:
    actor = world.add_user(permissions=(Permission.ADMIN_ACCESS,))

    for operation in (demote_user, disable_user, suspend_user, delete_user):
        reply = refuse(world, operation, caller=actor.id, path={"user_id": world.admin_id})
        assert (reply.status, reply.code) == (409, "last_admin")


def test_user_with_one_taken_or_unknown_value_is_refused_as_a_whole(world: World) -> None:
    world.add_user("taken@example.com", phone="+4915112345678")
    group = {"groups": ["grp_unknown"]}

    for body in (
        {"phone": "+4915112345678"},
        {"username": "free-name", "email": "taken@example.com"},
    ):
        assert refuse(world, create_user, body={"email": "new@example.com", **body}).status == 409
    assert refuse(world, create_user, body={"email": "new@example.com", **group}).status == 404
