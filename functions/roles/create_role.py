"""POST /admin/roles (R1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.definitions import Definition, define
from rollcall.access.policy import AccessPolicy
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role, RoleAnswer
from rollcall.kit.call import Call
from rollcall.operations import operation


class CreateRole(Definition):
    """The role's name, and the permissions that it grants."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Support", "permissions": ["user.view", "user.reset-password"]},
            ]
        }
    )


@operation(
    "POST /admin/roles",
    permission=Permission.ROLE_CREATE,
    status=201,
    writes=[Role, AccessPolicy],
)
def create_role(request: CreateRole, call: Call) -> RoleAnswer:
    """Create a role. It can grant only permissions that the caller holds."""
    return define(call, Role, call.new_id("rol"), request, RoleAnswer.of)
