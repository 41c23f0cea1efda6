"""POST /admin/users/{userId}/suspend (U9)."""

from __future__ import annotations

from rollcall.access.deactivation import deactivate_user
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_user
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.operations import operation
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.statuses import Status
from rollcall.users.user import User


@operation(
    "POST /admin/users/{user_id}/suspend",
    permission=Permission.USER_DISABLE,
    reads=[AccessPolicy],
    writes=[User, Account],
    then=settle_user,
)
def suspend_user(request: ChangeUser, call: Call) -> UserAnswer:
    """Suspend a user, as a sanction rather than a pause.

    The user cannot sign in, sessions end, and tokens already issued are refused immediately.
    """
    return deactivate_user(call, request.user_id, Status.SUSPENDED, "suspend")
