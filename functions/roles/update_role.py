"""PATCH /admin/roles/{roleId} (R1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.definitions import Redefinition, redefine
from rollcall.access.policy import AccessPolicy
from rollcall.grants.built_in_roles import SYSTEM
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role, RoleAnswer
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.field_types import Id
from rollcall.operations import operation


class UpdateRole(Redefinition):
    """The fields to change. Absent fields stay the same; null clears the description."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "First level", "permissions": ["user.view"]}]}
    )

    role_id: Id


@operation(
    "PATCH /admin/roles/{role_id}", permission=Permission.ROLE_UPDATE, writes=[Role, AccessPolicy]
)
def update_role(request: UpdateRole, call: Call) -> RoleAnswer:
    """Change a role's name, description or permissions.

    The permissions in the request replace all that the role grants, for every holder and from the
    next request on. The role System cannot be changed; the other built-in roles keep their names.
    """
    role = call.table.load(Role, request.role_id)
    _refuse_built_in(request, role)
    return redefine(call, role, request, RoleAnswer.of)


def _refuse_built_in(request: UpdateRole, role: Role) -> None:
    if role.id == SYSTEM.id:
        raise Conflict("built_in_role", "The role System grants everything and cannot be changed.")
    if role.built_in and request.name not in (None, role.name):
        raise Conflict("built_in_role", "A built-in role cannot be renamed.")
