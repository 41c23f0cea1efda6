"""GET /admin/roles (R1)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy, find_policy
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role, RoleAnswer
from rollcall.kit.call import Call
from rollcall.kit.listings import read_listed
from rollcall.kit.paging import ListRequest, Page
from rollcall.operations import operation


class ListRoles(ListRequest):
    """The page of the roles."""


class RolePage(Page[RoleAnswer]):
    """A page of roles, by name."""


@operation("GET /admin/roles", permission=Permission.ROLE_VIEW, reads=[Role, AccessPolicy])
def list_roles(request: ListRoles, call: Call) -> RolePage:
    """List the roles by name, with their permissions and the number of holders."""
    items, pagination = read_listed(call, Role, request)
    _, policy = find_policy(call.table, call.now)
    roles = [Role.model_validate(item) for item in items]
    answers = [RoleAnswer.of(role, policy.of_role(role.id)) for role in roles]
    return RolePage(items=tuple(answers), pagination=pagination)
