"""POST /admin/users/{userId}/promote (U8)."""

from __future__ import annotations

from rollcall.access.granting import commit_grants
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_user
from rollcall.grants.grant import RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.operations import operation
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.user import User, load_modifiable


@operation(
    "POST /admin/users/{user_id}/promote",
    permission=Permission.USER_PROMOTE,
    fresh_sign_in=True,
    reads=[AccessPolicy],
    writes=[User, RoleGrant, Account],
    then=settle_user,
)
def promote_user(request: ChangeUser, call: Call) -> UserAnswer:
    """Make a user a platform admin, as of the user's next request."""
    user = load_modifiable(call.table, request.user_id)
    promoted = user.model_copy(update={"is_admin": True})
    return commit_grants(call, user, promoted, UserAnswer.of)
