"""POST /admin/users (U1)."""

from __future__ import annotations

from functions.users.create_user import create_user
from tests.world import World


def test_documented_request_is_answered_as_documented(world: World) -> None:
    reply = world.invoke(
        create_user,
        body={
            "email": "newuser@example.com",
            "name": "New User",
            "temporaryPassword": "TempPass123!",
            "sendInvite": True,
            "isAdmin": False,
            "groups": [],
        },
    )

    assert reply.status == 201
    assert reply.body["username"] == "newuser"
    account = world.account(reply.body["id"])
    assert account is not None
    assert account["email"] == "newuser@example.com"
    assert world.user(reply.body["id"]).in_step
