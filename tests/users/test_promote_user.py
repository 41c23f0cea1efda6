"""POST /admin/users/{userId}/promote (U8)."""

from __future__ import annotations

from functions.users.get_me import get_me
from functions.users.promote_user import promote_user
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from rollcall.users.user import ADMINS
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import World


def promote(world: World, user_id: str, caller: str = "") -> Reply:
    return world.invoke(promote_user, caller=caller, path={"user_id": user_id})


def test_promoted_user_has_all_permissions_from_the_next_request(world: World) -> None:
    user = world.add_user()

    reply = promote(world, user.id)

    assert (reply.status, reply.body["isAdmin"]) == (200, True)
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == ["admin:access"]
    assert promote(world, world.add_user().id, caller=user.id).status == 200


def test_cognito_group_and_counter_follow(world: World) -> None:
    user = world.add_user()

    promote(world, user.id)

    account = world.account(user.id)
    assert account is not None
    assert account["admin"] is True
    assert world.count(ADMINS) == 2
    (change,) = world.journal(user.id)[-1].changes.items()
    assert (change[0], change[1].before, change[1].after) == ("isAdmin", False, True)


def test_promoting_an_admin_again_changes_nothing(world: World) -> None:
    stored = world.stored()
    assert promote(world, world.admin_id).status == 200
    assert world.stored() == stored


def test_disabled_user_who_is_promoted_counts_only_once_enabled(world: World) -> None:
    user = world.add_user(status=Status.INACTIVE)
    assert promote(world, user.id).status == 200
    assert world.count(ADMINS) == 1


def test_caller_with_fewer_permissions_cannot_promote(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_PROMOTE,))
    user = world.add_user()

    reply = promote(world, user.id, caller=caller.id)

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.user(user.id) == user


def test_unknown_and_deleted_users_are_refused(world: World) -> None:
    deleted, erased = world.add_user(), world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.change_user(erased, erased.as_erased(world.clock.now))

    assert (promote(world, deleted.id).status, promote(world, deleted.id).code) == (
        409,
        "user_deleted",
    )
    unknown = promote(world, "usr_unknown")
    assert (unknown.status, unknown.code) == (404, "user_not_found")
    assert promote(world, erased.id) == unknown


def test_promotion_applies_during_an_outage_of_cognito(world: World) -> None:
    user = world.add_user()

    with failing(world.aws, "cognito-idp"):
        assert promote(world, user.id).status == 503

    assert world.user(user.id).is_admin
    world.drain()
    account = world.account(user.id)
    assert account is not None
    assert account["admin"] is True
