"""GET /me (R2, R3)."""

from __future__ import annotations

from functions.users.get_me import get_me
from rollcall.grants.grant import GroupRole
from rollcall.grants.permissions import Permission
from tests.world.aws_edge import watched
from tests.world.world import ADMIN_EMAIL, World


def test_admin_sees_admin_access(world: World) -> None:
    reply = world.invoke(get_me)

    assert (reply.status, reply.body["id"]) == (200, world.admin_id)
    assert (reply.body["email"], reply.body["isAdmin"]) == (ADMIN_EMAIL, True)
    assert reply.body["effectivePermissions"] == ["admin:access"]


def test_user_sees_direct_and_group_permissions(world: World) -> None:
    group_id = world.add_group("Deleters", Permission.USER_DELETE)
    user = world.add_user(permissions=(Permission.USER_VIEW,))
    world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))

    reply = world.invoke(get_me, caller=user.id)

    assert reply.body["effectivePermissions"] == ["user.delete", "user.view"]
    assert reply.body["permissions"] == ["user.view"]


def test_nothing_is_read_twice(world: World) -> None:
    with watched(world.aws) as seen:
        world.invoke(get_me)
    assert [call.operation for call in seen] == ["Query"]


def test_unknown_parameters_are_refused(world: World) -> None:
    reply = world.invoke(get_me, query={"userId": "usr_other"})
    assert (reply.status, reply.fields) == (422, ["userId"])
