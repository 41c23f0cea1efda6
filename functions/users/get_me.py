"""GET /me."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.errors import Unauthenticated
from rollcall.kit.model import Request
from rollcall.operations import operation
from rollcall.users.details import UserDetail
from rollcall.users.user import User


class GetMe(Request):
    """No parameters: the token identifies the user."""


@operation("GET /me", permission=None)
def get_me(request: GetMe, call: Call) -> UserDetail:
    """Show the signed-in user and their permissions."""
    user = call.actor.principal
    if not isinstance(user, User):
        raise Unauthenticated("unknown_account", "Only a user can call this operation.")
    return UserDetail.describe(user, map(Permission, call.actor.permissions))
