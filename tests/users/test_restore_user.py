"""POST /admin/users/{userId}/restore (U11, I4, R4)."""

from __future__ import annotations

import pytest

from functions.users.get_me import get_me
from functions.users.restore_user import restore_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World


def restore(world: World, user_id: str, caller: str = "") -> Reply:
    return world.invoke(restore_user, caller=caller, path={"user_id": user_id})


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.DELETED])
def test_restored_user_has_the_previous_state(world: World, status: Status) -> None:
    group_id = world.add_group("Readers")
    user = world.add_user(status=status, name="Back Again")
    user = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    world.change_user(user, user.as_deleted(world.clock.now))

    reply = restore(world, user.id)

    assert (reply.status, reply.body["status"]) == (200, status.value)
    restored = world.user(user.id)
    assert (restored.name, restored.group_ids, restored.deleted_at) == (
        "Back Again",
        (group_id,),
        None,
    )
    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is (status not in {Status.INACTIVE, Status.SUSPENDED})


def test_sessions_from_before_stay_ended(world: World) -> None:
    user = world.add_user()
    before = world.clock.now
    world.clock.advance(minutes=1)
    world.change_user(user, user.as_deleted(world.clock.now))
    world.clock.advance(minutes=1)
    restore(world, user.id)
    assert world.invoke(get_me, caller=user.id, signed_in_at=before).code == "session_ended"
    assert world.invoke(get_me, caller=user.id).status == 200


def test_restored_admin_counts_again(world: World) -> None:
    admin = world.add_user(is_admin=True)
    world.change_user(admin, admin.as_deleted(world.clock.now))
    assert world.count(ADMINS) == 1
    restore(world, admin.id)
    assert world.count(ADMINS) == 2


def test_only_a_deleted_user_can_be_restored(world: World) -> None:
    user = world.add_user(status=Status.INACTIVE)
    reply = restore(world, user.id)
    assert (reply.status, reply.code) == (409, "user_not_deleted")
    assert world.user(user.id) == user


def test_permanently_deleted_user_is_not_found(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_erased(world.clock.now))
    assert restore(world, user.id).code == "user_not_found"


def test_superior_cannot_be_enabled_or_restored(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_DELETE,))
    user = world.add_user(permissions=(Permission.USER_CREATE,))
    deleted = world.change_user(user, user.as_deleted(world.clock.now))

    reply = restore(world, user.id, caller=caller.id)

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.user(user.id) == deleted


def test_account_is_enabled_after_an_outage_of_cognito(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))

    with failing(world.aws, "cognito-idp"):
        assert restore(world, user.id).status == 503

    world.drain()
    account = world.account(user.id)
    assert account is not None
    assert account["enabled"] is True
