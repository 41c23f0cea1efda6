"""POST /admin/users/{userId}/enable (U9, I13, R4)."""

from __future__ import annotations

import pytest

from functions.users.disable_user import disable_user
from functions.users.enable_user import enable_user
from functions.users.get_me import get_me
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS
from tests.world.gateway import Reply
from tests.world.world import World


def enable(world: World, user_id: str, caller: str = "") -> Reply:
    return world.invoke(enable_user, caller=caller, path={"user_id": user_id})


@pytest.mark.parametrize(
    "status", [Status.INACTIVE, Status.SUSPENDED, Status.INVITED, Status.PENDING_VERIFICATION]
)
def test_enabled_user_can_sign_in_again(world: World, status: Status) -> None:
    user = world.add_user(status=status)

    reply = enable(world, user.id)

    assert (reply.status, reply.body["status"]) == (200, "active")
    account = world.account(user.id)
    assert account is not None
    assert (account["enabled"], account["email_verified"]) == (True, "true")
    assert world.invoke(get_me, caller=user.id).status == 200


def test_session_from_before_the_disabling_stays_ended(world: World) -> None:
    user = world.add_user()
    before = world.clock.now
    world.clock.advance(minutes=1)
    world.invoke(disable_user, path={"user_id": user.id})
    world.clock.advance(minutes=1)
    enable(world, user.id)

    assert world.invoke(get_me, caller=user.id, signed_in_at=before).code == "session_ended"
    assert world.invoke(get_me, caller=user.id).status == 200


def test_enabling_an_active_user_changes_nothing(world: World) -> None:
    user = world.add_user()
    stored = world.stored()
    assert enable(world, user.id).status == 200
    assert world.stored() == stored


def test_enabled_admin_counts_again(world: World) -> None:
    admin = world.add_user(is_admin=True, status=Status.INACTIVE)
    assert world.count(ADMINS) == 1
    enable(world, admin.id)
    assert world.count(ADMINS) == 2


def test_superior_cannot_be_enabled_or_restored(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_DISABLE,))
    user = world.add_user(permissions=(Permission.USER_DELETE,), status=Status.INACTIVE)

    reply = enable(world, user.id, caller=caller.id)

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.user(user.id).status is Status.INACTIVE


def test_soft_deleted_user_must_be_restored_instead(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))
    reply = enable(world, user.id)
    assert (reply.status, reply.code) == (409, "user_deleted")


def test_unknown_user_is_not_found(world: World) -> None:
    assert enable(world, "usr_unknown").code == "user_not_found"
