"""POST /admin/users/{userId}/restore (U11)."""

from __future__ import annotations

from rollcall.access.granting import require_permissions_held
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_user
from rollcall.grants.grant import Membership, OrganizationMembership
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.answers import ChangeUser, UserAnswer
from rollcall.users.statuses import Status
from rollcall.users.user import User


@operation(
    "POST /admin/users/{user_id}/restore",
    permission=Permission.USER_DELETE,
    fresh_sign_in="the user is a platform admin",
    reads=[AccessPolicy],
    writes=[User, Membership, OrganizationMembership, Account],
    then=settle_user,
)
def restore_user(request: ChangeUser, call: Call) -> UserAnswer:
    """Restore a soft-deleted user, with the password and the groups."""
    user = call.table.load(User, request.user_id)
    if user.status is not Status.DELETED:
        raise Conflict("user_not_deleted", "Only a deleted user can be restored.")
    require_permissions_held(call, user)
    return call.commit(Change(user, user.as_restored(call.now)), answer=UserAnswer.of)
