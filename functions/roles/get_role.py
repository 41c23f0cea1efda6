"""GET /admin/roles/{roleId} (R1)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy, find_policy
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role, RoleAnswer
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Request
from rollcall.operations import operation


class GetRole(Request):
    """The role to show."""

    role_id: Id


@operation(
    "GET /admin/roles/{role_id}", permission=Permission.ROLE_VIEW, reads=[Role, AccessPolicy]
)
def get_role(request: GetRole, call: Call) -> RoleAnswer:
    """Show a role: the permissions that it grants, and the number of its holders.

    The ETag is the version to send as If-Match when changing the role.
    """
    role = call.table.load(Role, request.role_id)
    _, policy = find_policy(call.table, call.now)
    return RoleAnswer.of(role, policy.of_role(role.id))
