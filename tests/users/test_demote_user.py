"""POST /admin/users/{userId}/demote (U8, I4, I10)."""

from __future__ import annotations

from functions.users.demote_user import demote_user
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from rollcall.users.user import ADMINS
from tests.world.gateway import Reply
from tests.world.world import World


def demote(world: World, user_id: str, caller: str = "") -> Reply:
    return world.invoke(demote_user, caller=caller, path={"user_id": user_id})


def test_demoted_admin_keeps_the_groups_and_leaves_the_cognito_group(world: World) -> None:
    group_id = world.add_group("Readers")
    admin = world.add_user(is_admin=True)
    world.change_user(admin, admin.with_membership(group_id, GroupRole.ADMIN))

    reply = demote(world, admin.id)

    assert (reply.status, reply.body["isAdmin"]) == (200, False)
    assert reply.body["groupMemberships"] == [{"groupId": group_id, "role": "admin"}]
    account = world.account(admin.id)
    assert account is not None
    assert account["admin"] is False
    assert world.count(ADMINS) == 1


def test_own_account_cannot_be_demoted(world: World) -> None:
    world.add_user(is_admin=True)

    reply = demote(world, world.admin_id)

    assert (reply.status, reply.code) == (409, "own_account")
    assert reply.body["detail"] == "You cannot demote your own account. Ask another admin."


def test_last_admin_cannot_be_removed(world: World) -> None:
    caller = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    stored = world.stored()

    reply = demote(world, world.admin_id, caller=caller.id)

    assert (reply.status, reply.code) == (409, "last_admin")
    assert world.stored() == stored


def test_caller_with_fewer_permissions_cannot_demote(world: World) -> None:
    admin = world.add_user(is_admin=True)
    caller = world.add_user(permissions=(Permission.USER_PROMOTE,))
    reply = demote(world, admin.id, caller=caller.id)
    assert (reply.status, reply.code) == (403, "target_outranks_caller")


def test_demoting_an_ordinary_user_changes_nothing(world: World) -> None:
    user = world.add_user()
    stored = world.stored()
    assert demote(world, user.id).status == 200
    assert world.stored() == stored


def test_unknown_user_is_not_found(world: World) -> None:
    assert demote(world, "usr_unknown").code == "user_not_found"
