"""GET /admin/roles/{roleId} (R1)."""

from __future__ import annotations

from rollcall.access import AccessPolicy, find_policy
from rollcall.fields import Id
from rollcall.kit.call import Call
from rollcall.kit.model import Request
from rollcall.operations import operation
from rollcall.permissions import Permission
from rollcall.roles import Role, RoleAnswer


class GetRole(Request):
    """Which role to show."""

    role_id: Id


@operation(
    "GET /admin/roles/{role_id}", permission=Permission.ROLE_VIEW, reads=[Role, AccessPolicy]
)
def get_role(request: GetRole, call: Call) -> RoleAnswer:
    """Show a role: what it grants, and how many have it.

    The ETag is the version to send as If-Match when changing the role.
    """
    role = call.table.load(Role, request.role_id)
    _, policy = find_policy(call.table, call.now)
    return RoleAnswer.of(role, policy.of_role(role.id))
