"""POST /admin/roles (R1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.policy import AccessPolicy, change_policy
from rollcall.grants.permissions import GrantablePermissions, Permission, require_held, without_end
from rollcall.grants.role import Role, RoleAnswer
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation


class CreateRole(WriteRequest):
    """What the role is called, and what whoever has it may do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Support", "permissions": ["user.view", "user.reset-password"]},
            ]
        }
    )

    name: Line
    description: Text | None = None
    permissions: GrantablePermissions = ()


@operation(
    "POST /admin/roles",
    permission=Permission.ROLE_CREATE,
    status=201,
    writes=[Role, AccessPolicy],
)
def create_role(request: CreateRole, call: Call) -> RoleAnswer:
    """Make a role. It can grant only what its maker holds."""
    require_held(call.actor, without_end(request.permissions))
    role = Role(
        id=call.new_id("rol"),
        created_at=call.now,
        updated_at=call.now,
        name=request.name,
        description=request.description,
    )
    return call.commit(
        Change(None, role),
        *change_policy(call, lambda policy: policy.with_role(role.id, request.permissions)),
        answer=lambda written: RoleAnswer.of(written, request.permissions),
    )
