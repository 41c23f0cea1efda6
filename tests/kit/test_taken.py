"""A unique value that is taken: callers who can see users learn who has it, others do not (I12)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.groups.create_group import create_group
from functions.invitations.invite_user import invite_user
from functions.users.assign_unique_id import assign_unique_id
from functions.users.create_user import create_user
from functions.users.update_user import update_user
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World

HELD: dict[str, Any] = {
    "email": "held@example.com",
    "phone": "+4915112345678",
    "username": "held",
    "unique_id": "EMP-1",
}
ADVICE = {
    Status.DELETED: "restore",
    Status.INVITED: "resend the invitation",
    Status.PENDING_VERIFICATION: "not confirmed",
}


def take(world: World, field: str, caller: str = "") -> Reply:
    """Ask for a value that another user has."""
    if field == "unique_id":
        own = world.add_user("own@example.com")
        body = {"uniqueId": HELD[field]}
        return world.invoke(assign_unique_id, caller=caller, path={"user_id": own.id}, body=body)
    body = {"email": "new@example.com", field: HELD[field]}
    return world.invoke(create_user, caller=caller, body=body)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("field", HELD)
def test_error_says_who_has_the_value_and_what_to_do(
    world: World, field: str, status: Status
) -> None:
    held = world.add_user(**HELD, status=status)

    reply = take(world, field)

    assert (reply.status, reply.code) == (409, f"{field}_taken")
    assert (reply.body["existingUserId"], reply.body["existingStatus"]) == (held.id, status.value)
    assert "already exists" in reply.body["detail"]
    assert ADVICE.get(status, "already exists") in reply.body["detail"]
    assert reply.body["errors"][0]["message"] == reply.body["detail"]


@pytest.mark.parametrize("field", HELD)
def test_callers_who_cannot_see_users_learn_nothing_and_nothing_is_read(
    world: World, field: str
) -> None:
    world.add_user(**HELD, status=Status.DELETED)
    granted = (Permission.USER_CREATE, Permission.USER_UPDATE)
    caller = world.add_user("caller@example.com", permissions=granted)

    with watched(world.aws) as calls:
        reply = take(world, field, caller.id)

    assert (reply.status, reply.code) == (409, f"{field}_taken")
    assert not {"existingUserId", "existingStatus"} & reply.body.keys()
    assert "deleted" not in reply.text + str(reply.body["detail"])
    assert calls
    assert calls[-1].operation == "TransactWriteItems"


def test_other_operations_say_it_too(world: World) -> None:
    held, own = world.add_user(**HELD, status=Status.INVITED), world.add_user()
    email = {"email": HELD["email"]}
    replies = [
        world.invoke(invite_user, body=email),
        world.invoke(update_user, path={"user_id": own.id}, body=email),
    ]
    assert {reply.body["existingUserId"] for reply in replies} == {held.id}


def test_username_that_is_generated_meets_no_error(world: World) -> None:
    world.add_user(**HELD)
    reply = world.invoke(create_user, body={"email": "held@example.org"})
    assert (reply.status, reply.body["username"]) == (201, "held2")


def test_names_of_groups_say_nothing_more(world: World) -> None:
    world.add_group("Editors")
    reply = world.invoke(create_group, body={"name": "Editors"})
    assert reply.code == "group_name_taken"
    assert "existingUserId" not in reply.body
