"""No operation grants permissions that the caller does not hold (R4, I11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from rollcall.access.policy import AccessPolicy
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.operation import Operation
from rollcall.users.statuses import Status
from rollcall.users.user import User
from rollcall_infra.catalog import read_catalog
from tests.api.examples import Example
from tests.world.gateway import Reply
from tests.world.world import World

OPERATIONS = {operation.name: operation for operation in read_catalog().operations}
PASSED = Permission.USER_DELETE
"""The permission to grant, if the operation allows a choice."""
LATER = "2027-01-01T00:00:00Z"


type Prepare = Callable[[World], Example]


class Way(NamedTuple):
    """A request that would grant a permission to a user."""

    operation: Operation[Any, Any]
    label: str
    prepare: Prepare
    passed: Permission

    @property
    def name(self) -> str:
        """The name in test reports."""
        return f"{self.operation.name} {self.label}".strip()


WAYS: list[Way] = []


def way(
    operation: str, label: str = "", passed: Permission = PASSED
) -> Callable[[Prepare], Prepare]:
    """Add an operation: the decorated function prepares a world and returns the request."""

    def add(prepare: Prepare) -> Prepare:
        WAYS.append(Way(OPERATIONS[operation], label, prepare, passed))
        return prepare

    return add


def to_somebody(world: World, **body: Any) -> Example:
    """A request about a user without permissions."""
    return Example(path={"user_id": world.add_user().id}, body=body)


@way("create_user", "with a permission")
def _(_: World) -> Example:
    return Example(body={"email": "new@example.com", "permissions": [PASSED]})


@way("create_user", "with a permission for later")
def _(_: World) -> Example:
    later = {"permission": PASSED, "startsAt": LATER}
    return Example(body={"email": "new@example.com", "permissions": [later]})


@way("create_user", "with a role")
def _(world: World) -> Example:
    return Example(body={"email": "new@example.com", "roles": [world.add_role("R", PASSED)]})


@way("create_user", "in a group")
def _(world: World) -> Example:
    return Example(body={"email": "new@example.com", "groups": [world.add_group("G", PASSED)]})


@way("create_user", "as an admin", Permission.ADMIN_ACCESS)
def _(_: World) -> Example:
    return Example(body={"email": "new@example.com", "isAdmin": True})


@way("create_user", "with the role System", Permission.ADMIN_ACCESS)
def _(_: World) -> Example:
    return Example(body={"email": "new@example.com", "roles": ["rol_system"]})


def to_newcomer(world: World, **body: Any) -> Example:
    """An invitation, but not the first one, which also creates the key of all tokens."""
    world.add_invitation()
    return Example(body={"email": "new@example.com", **body})


@way("invite_user", "with a permission")
def _(world: World) -> Example:
    return to_newcomer(world, permissions=[PASSED])


@way("invite_user", "with a role")
def _(world: World) -> Example:
    return to_newcomer(world, roles=[world.add_role("R", PASSED)])


@way("invite_user", "in a group")
def _(world: World) -> Example:
    return to_newcomer(world, groups=[world.add_group("G", PASSED)])


@way("invite_user", "into an organization")
def _(world: World) -> Example:
    place = {"organizationId": world.add_organization("O", world.add_role("R", PASSED))}
    return to_newcomer(world, organizations=[place])


@way("promote_user", passed=Permission.ADMIN_ACCESS)
def _(world: World) -> Example:
    return to_somebody(world)


@way("replace_user_roles", "with a role")
def _(world: World) -> Example:
    return to_somebody(world, roleIds=[world.add_role("R", PASSED)])


@way("replace_user_roles", "with a role for later")
def _(world: World) -> Example:
    role_id = world.add_role("R", PASSED)
    return to_somebody(world, roleIds=[{"roleId": role_id, "startsAt": LATER}])


@way("replace_user_roles", "with a role for longer")
def _(world: World) -> Example:
    role_id, user = world.add_role("R", PASSED), world.add_user()
    world.give_role(user.id, role_id, ends_at=world.clock.now)
    body = {"roleIds": [{"roleId": role_id, "endsAt": LATER}]}
    return Example(path={"user_id": user.id}, body=body)


@way("replace_user_roles", "with the role System", Permission.ADMIN_ACCESS)
def _(world: World) -> Example:
    return to_somebody(world, roleIds=["rol_system"])


@way("replace_user_permissions")
def _(world: World) -> Example:
    return to_somebody(world, permissions=[PASSED])


@way("add_user_to_group")
def _(world: World) -> Example:
    return to_somebody(world, groupId=world.add_group("G", PASSED))


@way("add_user_to_group", "as its admin", Permission.WORKSPACE_DELETE)
def _(world: World) -> Example:
    return to_somebody(world, groupId=world.add_group("G"), role="admin")


@way("add_users_to_group")
def _(world: World) -> Example:
    members = [{"userId": world.add_user().id}]
    return Example({"group_id": world.add_group("G", PASSED)}, {"members": members})


@way("replace_user_groups")
def _(world: World) -> Example:
    return to_somebody(world, groups=[{"groupId": world.add_group("G", PASSED)}])


def _of_a_member(world: World, **body: Any) -> Example:
    group_id = world.add_group("G")
    path = {"user_id": world.join_group(world.add_user().id, group_id).id, "group_id": group_id}
    return Example(path, body)


@way("change_group_role", passed=Permission.WORKSPACE_DELETE)
def _(world: World) -> Example:
    return _of_a_member(world, role="admin")


@way("promote_group_admin", passed=Permission.WORKSPACE_DELETE)
def _(world: World) -> Example:
    return _of_a_member(world)


@way("create_group")
def _(_: World) -> Example:
    return Example(body={"name": "G", "permissions": [PASSED]})


@way("update_group")
def _(world: World) -> Example:
    return Example({"group_id": world.add_group("G")}, {"permissions": [PASSED]})


@way("create_role")
def _(_: World) -> Example:
    return Example(body={"name": "R", "permissions": [PASSED]})


@way("update_role")
def _(world: World) -> Example:
    return Example({"role_id": world.add_role("R")}, {"permissions": [PASSED]})


@way("update_role", "of organizations")
def _(_: World) -> Example:
    return Example({"role_id": "rol_guest"}, {"permissions": [PASSED]})


@way("replace_user_organizations", "with a role")
def _(world: World) -> Example:
    role_id = world.add_role("R", PASSED)
    place = {"organizationId": world.add_organization("O"), "roleId": role_id}
    return to_somebody(world, memberships=[place])


@way("replace_user_organizations", "with the role that is given by default")
def _(world: World) -> Example:
    role_id = world.add_role("R", PASSED)
    return to_somebody(
        world, memberships=[{"organizationId": world.add_organization("O", role_id)}]
    )


@way("create_organization", "with a role to give by default")
def _(world: World) -> Example:
    return Example(body={"name": "O", "defaultRoleId": world.add_role("R", PASSED)})


@way("update_organization", "with a role to give by default")
def _(world: World) -> Example:
    role_id = world.add_role("R", PASSED)
    return Example({"organization_id": world.add_organization("O")}, {"defaultRoleId": role_id})


@way("enable_user")
def _(world: World) -> Example:
    user = world.add_user(permissions=(PASSED,), status=Status.INACTIVE)
    return Example({"user_id": user.id}, {})


@way("restore_user", passed=Permission.USER_CREATE)
def _(world: World) -> Example:
    user = world.add_user(permissions=(Permission.USER_CREATE,))
    world.change_user(user, user.as_deleted(world.clock.now))
    return Example({"user_id": user.id}, {})


GIVES_NOTHING = {
    "assign_unique_id",
    "cancel_invitation",
    "delete_group",
    "delete_organization",
    "delete_role",
    "delete_user",
    "demote_group_admin",
    "demote_user",
    "disable_user",
    "remove_user_from_group",
    "reset_password",
    "suspend_user",
    "update_user",
}
"""Operations that only revoke, or change data that no permission depends on."""


def test_every_operation_that_can_grant_permissions_is_covered() -> None:
    decisive = {User, Group, Role, Organization, AccessPolicy}
    # A caller without a token has no permissions. Accepting grants what the inviter has granted.
    could = {
        name
        for name, each in OPERATIONS.items()
        if decisive.intersection(each.writes) and not each.public
    }
    assert could == {each.operation.name for each in WAYS} | GIVES_NOTHING


def send(world: World, chosen: Way, caller_id: str, example: Example) -> tuple[Reply, Any]:
    """The answer, and the refusal in it, if any, also when it is that of a row."""
    reply = world.invoke(chosen.operation, caller=caller_id, path=example.path, body=example.body)
    results = reply.body.get("results", [reply.body | {"problem": reply.body}])
    problem = results[0].get("problem", {})
    return reply, problem if "code" in problem else None


@pytest.mark.parametrize("chosen", WAYS, ids=lambda each: each.name)
def test_caller_without_the_granted_permission_is_refused(world: World, chosen: Way) -> None:
    others = tuple(set(Permission) - {chosen.passed, Permission.ADMIN_ACCESS})
    caller, example = world.add_user(permissions=others), chosen.prepare(world)
    # An expired permission does not count.
    former = world.add_group("Former admins", Permission.ADMIN_ACCESS)
    world.join_group(caller.id, former, ends_at=world.clock.now)
    stored = world.stored()

    _, problem = send(world, chosen, caller.id, example)

    assert problem is not None
    assert (problem["status"], problem["code"]) == (403, "grant_exceeds_own")
    assert problem["detail"].endswith(f"You lack: {chosen.passed}.")
    assert world.stored() == stored


@pytest.mark.parametrize("chosen", WAYS, ids=lambda each: each.name)
def test_caller_with_the_granted_permission_can_grant_it(world: World, chosen: Way) -> None:
    needed = Permission(str(chosen.operation.permission))
    held = {needed, chosen.passed}
    if chosen.passed is Permission.WORKSPACE_DELETE:
        held |= {Permission.WORKSPACE_VIEW, Permission.WORKSPACE_TRANSFER}
    caller, example = world.add_user(permissions=tuple(held)), chosen.prepare(world)

    reply, problem = send(world, chosen, caller.id, example)

    assert (reply.status, problem) == (chosen.operation.status, None)
