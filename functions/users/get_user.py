"""GET /admin/users/{userId} (U6)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy, effective_permissions
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Request
from rollcall.operations import operation
from rollcall.users.details import UserDetail
from rollcall.users.user import User


class GetUser(Request):
    """The user to show."""

    user_id: Id


@operation(
    "GET /admin/users/{user_id}", permission=Permission.USER_VIEW, reads=[User, AccessPolicy]
)
def get_user(request: GetUser, call: Call) -> UserDetail:
    """Show a user: profile, groups, roles, permissions, last sign-in.

    The ETag is the version to send as If-Match when changing the user.
    """
    user = call.table.load(User, request.user_id)
    return UserDetail.describe(user, effective_permissions(user, call.table, call.now))
