"""POST /admin/users/{userId}/enable (U9)."""

from __future__ import annotations

from rollcall.access.granting import require_permissions_held
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_user
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.statuses import Status
from rollcall.users.user import User, load_modifiable


@operation(
    "POST /admin/users/{user_id}/enable",
    permission=Permission.USER_DISABLE,
    fresh_sign_in="the user is a platform admin",
    reads=[AccessPolicy],
    writes=[User, Account],
    then=settle_user,
)
def enable_user(request: ChangeUser, call: Call) -> UserAnswer:
    """Enable a disabled or suspended user. The password stays the same."""
    user = load_modifiable(call.table, request.user_id)
    require_permissions_held(call, user)
    return call.commit(
        Change(user, user.with_status(Status.ACTIVE, call.now)), answer=UserAnswer.of
    )
