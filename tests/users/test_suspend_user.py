"""POST /admin/users/{userId}/suspend (U9); the rest is in test_disable_user."""

from __future__ import annotations

from functions.users.suspend_user import suspend_user
from tests.world.world import World


def test_reason_of_the_sanction_is_stored(world: World) -> None:
    user = world.add_user()

    world.invoke(suspend_user, path={"user_id": user.id}, body={"reason": "Spam in three groups"})

    entry = world.journal(user.id)[-1]
    assert (entry.action, entry.reason) == ("suspend_user", "Spam in three groups")


def test_reason_cannot_contain_hidden_characters(world: World) -> None:
    user = world.add_user()
    reply = world.invoke(suspend_user, path={"user_id": user.id}, body={"reason": "kind\u202eylno"})
    assert (reply.status, reply.fields) == (422, ["reason"])


def test_over_long_reason_is_refused(world: World) -> None:
    user = world.add_user()
    reply = world.invoke(suspend_user, path={"user_id": user.id}, body={"reason": "x" * 2001})
    assert (reply.status, reply.fields) == (422, ["reason"])
