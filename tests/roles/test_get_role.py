"""GET /admin/roles/{roleId} (R1, I12)."""

from __future__ import annotations

from functions.roles.delete_role import delete_role
from functions.roles.get_role import get_role
from rollcall.grants.grant import RoleGrant
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def get(world: World, role_id: str) -> Reply:
    return world.invoke(get_role, path={"role_id": role_id})


def test_role_is_shown_with_its_permissions_and_number_of_holders(world: World) -> None:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    held = [RoleGrant(user_id=user.id, role_id=role_id)]
    world.change_user(user, user.with_grants("role_grants", held))

    reply = get(world, role_id)

    assert reply.status == 200
    assert reply.headers["ETag"].startswith('"1-')  # the number of holders follows
    assert (reply.body["name"], reply.body["permissions"]) == ("Support", ["user.view"])
    assert (reply.body["holderCount"], reply.body["builtIn"]) == (1, False)


def test_role_system_grants_everything(world: World) -> None:
    reply = get(world, "rol_system")
    assert (reply.body["permissions"], reply.body["builtIn"]) == (["admin:access"], True)


def test_deleted_and_unknown_roles_are_not_found(world: World) -> None:
    role_id = world.add_role("Support")
    world.invoke(delete_role, path={"role_id": role_id})

    unknown = get(world, "rol_unknown")

    assert (unknown.status, unknown.code) == (404, "role_not_found")
    assert unknown.body["detail"] == "Role not found"
    assert get(world, role_id) == unknown
