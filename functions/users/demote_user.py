"""POST /admin/users/{userId}/demote (U8)."""

from __future__ import annotations

from rollcall.access.grant_rules import refuse_self
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
    "POST /admin/users/{user_id}/demote",
    permission=Permission.USER_PROMOTE,
    reads=[AccessPolicy],
    writes=[User, RoleGrant, Account],
    then=settle_user,
)
def demote_user(request: ChangeUser, call: Call) -> UserAnswer:
    """Make a platform admin an ordinary user. Groups and workspaces stay."""
    user = load_modifiable(call.table, request.user_id)
    refuse_self(call.actor, user.id, "demote")
    demoted = user.model_copy(update={"is_admin": False})
    return commit_grants(call, user, demoted, UserAnswer.of)
