"""GET /admin/users/{userId}/permissions (R2)."""

from __future__ import annotations

from rollcall.access.explanations import Explanation, explain, find_keys
from rollcall.access.policy import AccessPolicy, explain_permissions
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Answer, Model, Request
from rollcall.operations import operation
from rollcall.users.user import User


class ListUserPermissions(Request):
    """The user whose permissions to show."""

    user_id: Id


class PermissionExplained(Model):
    """A permission, and every grant of it."""

    permission: Permission
    grants: tuple[Explanation, ...]


class UserPermissions(Answer):
    """A user's permissions, and their sources."""

    permissions: tuple[PermissionExplained, ...]


@operation(
    "GET /admin/users/{user_id}/permissions",
    permission=Permission.USER_VIEW,
    reads=[User, AccessPolicy, Role, Group, Organization],
)
def list_user_permissions(request: ListUserPermissions, call: Call) -> UserPermissions:
    """Show a user's permissions at the present time, each with the role, group, organization or
    direct grant that it comes from. Permissions as group admin are shown with the group.
    """
    user = call.table.load(User, request.user_id)
    found = explain_permissions(user, call.table, call.now)
    named = call.table.get_items(find_keys(each for reasons in found.values() for each in reasons))
    permissions = [
        PermissionExplained(permission=each, grants=explain(found[each], named))
        for each in sorted(found)
    ]
    return UserPermissions(permissions=tuple(permissions))
