"""Scenarios of roles and direct permissions besides their examples."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from functions.roles.create_role import create_role
from functions.roles.delete_role import delete_role
from functions.roles.replace_user_permissions import replace_user_permissions
from functions.roles.replace_user_roles import replace_user_roles
from functions.roles.update_role import update_role
from functions.users.create_user import create_user
from functions.users.get_me import get_me
from rollcall.access.policy import find_policy
from rollcall.grants.permissions import Permission
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import Verify, about, ask, leave_behind, scenario
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World

ENDS = "2026-02-05T09:00:00Z"


def _role(role_id: str, **body: Any) -> Example:
    return Example(path={"role_id": role_id}, body=body)


def _granting(world: World, role_id: str, *permissions: Permission) -> Verify:
    """Finally, the role grants exactly these permissions."""

    def verify(_: Reply) -> Iterable[str]:
        granted = find_policy(world.runtime.table, world.clock.now)[1].of_role(role_id)
        if granted != permissions:
            yield f"the role grants {granted}"

    return verify


def _holding(world: World, user_id: str, *permissions: str) -> Verify:
    """Finally, the user holds exactly these permissions."""

    def verify(_: Reply) -> Iterable[str]:
        held = world.invoke(get_me, caller=user_id).body["effectivePermissions"]
        if held != list(permissions):
            yield f"{user_id} holds {held}"

    return verify


@scenario("create_role", 201, again=frozenset({409}))
def a_role_that_grants(world: World) -> Plan:
    world.add_role("Older", Permission.USER_VIEW)
    body = {"name": "Support", "permissions": ["user.view", "user.update"]}
    return ask(world, create_role, Example(body=body))


@scenario("create_role", 409)
def a_role_whose_name_is_taken(world: World) -> Plan:
    world.add_role("Support")
    return ask(world, create_role, Example(body={"name": "SUPPORT", "permissions": ["user.view"]}))


@scenario("update_role", again=frozenset({412}))
def a_conditional_change_of_name_and_permissions(world: World) -> Plan:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    world.give_role(user.id, role_id)
    example = _role(role_id, name="First level", permissions=["user.update"])
    verify = _holding(world, user.id, "user.update")
    return ask(world, update_role, example, verify, headers={"If-Match": '"1"'})


@scenario("update_role")
def permissions_of_a_built_in_role(world: World) -> Plan:
    user = world.add_user()
    world.join_organization(user.id, world.add_organization("Acme"), "rol_guest")
    example = _role("rol_guest", permissions=["user.view"])
    return ask(world, update_role, example, _holding(world, user.id, "user.view"))


@scenario("update_role", 409)
def the_role_system(world: World) -> Plan:
    return ask(world, update_role, _role("rol_system", permissions=["user.view"]))


@scenario("delete_role", again=frozenset({404}))
def a_role_with_permissions_and_without_holders(world: World) -> Plan:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    held = world.give_role(user.id, role_id)
    world.change_user(held, held.with_grants("role_grants", []))
    return ask(world, delete_role, _role(role_id), _granting(world, role_id))


@scenario("delete_role", 409)
def a_role_with_a_holder(world: World) -> Plan:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    world.give_role(world.add_user().id, role_id)
    verify = _granting(world, role_id, Permission.USER_VIEW)
    return ask(world, delete_role, _role(role_id), verify)


@scenario("replace_user_roles")
def the_role_system_that_replaces_another(world: World) -> Plan:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    world.give_role(user.id, role_id)
    verify = _holding(world, user.id, "admin:access")
    return ask(world, replace_user_roles, about(user.id, roleIds=["rol_system"]), verify)


@scenario("replace_user_roles")
def a_role_that_replaces_the_role_system(world: World) -> Plan:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    admin = world.add_user(is_admin=True)
    verify = _holding(world, admin.id, "user.view")
    return ask(world, replace_user_roles, about(admin.id, roleIds=[role_id]), verify)


@scenario("replace_user_roles")
def the_role_system_removed_before_cognito_is_updated(world: World) -> Plan:
    user = world.add_user()
    leave_behind(world, user, user.model_copy(update={"is_admin": True}))
    return ask(world, replace_user_roles, about(user.id, roleIds=[]), _holding(world, user.id))


@scenario("replace_user_roles", again=frozenset({412}))
def a_conditional_replacement_of_roles_with_times(world: World) -> Plan:
    old, kept, new = (
        world.add_role(name, permission)
        for name, permission in (
            ("Old", Permission.USER_DELETE),
            ("Kept", Permission.USER_VIEW),
            ("New", Permission.USER_CREATE),
        )
    )
    user = world.add_user()
    world.give_role(user.id, old)
    held = world.give_role(user.id, kept, ends_at=START + timedelta(days=1))
    roles = [{"roleId": kept, "endsAt": ENDS}, {"roleId": new, "startsAt": ENDS}]
    verify = _holding(world, user.id, "user.view")
    headers = {"If-Match": f'"{held.version}"'}
    return ask(world, replace_user_roles, about(user.id, roleIds=roles), verify, headers=headers)


@scenario("replace_user_roles", 404)
def a_role_that_does_not_exist(world: World) -> Plan:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    return ask(
        world,
        replace_user_roles,
        about(user.id, roleIds=[role_id, "rol_unknown"]),
        _holding(world, user.id),
    )


@scenario("replace_user_roles", 409)
def the_last_admin_without_the_role_system(world: World) -> Plan:
    caller = world.add_user(permissions=(Permission.ADMIN_ACCESS,))

    def send(key: str | None, reason: str | None) -> Reply:
        return world.invoke(
            replace_user_roles,
            caller=caller.id,
            path={"user_id": world.admin_id},
            body={"roleIds": [], **({"reason": reason} if reason else {})},
            headers={"Idempotency-Key": key} if key else {},
        )

    return Plan(send, _holding(world, world.admin_id, "admin:access"))


@scenario("replace_user_permissions")
def permissions_with_times_that_replace_others(world: World) -> Plan:
    user = world.add_user(permissions=(Permission.USER_DELETE, Permission.USER_VIEW))
    permissions = [
        {"permission": "user.view", "endsAt": ENDS},
        {"permission": "user.create", "startsAt": ENDS},
        "user.update",
    ]
    verify = _holding(world, user.id, "user.update", "user.view")
    example = about(user.id, permissions=permissions)
    return ask(world, replace_user_permissions, example, verify)


@scenario("create_user", 201, again=frozenset({409}))
def a_user_with_roles_and_permissions_for_a_time(world: World) -> Plan:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    body = {
        "email": "new@example.com",
        "roles": ["rol_system", {"roleId": role_id, "endsAt": ENDS}],
        "permissions": [{"permission": "user.update", "endsAt": ENDS}],
    }
    return ask(world, create_user, Example(body=body))
