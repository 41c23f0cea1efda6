"""POST /admin/users/{userId}/demote (U8)."""

from __future__ import annotations

from rollcall.accounts import settle_user
from rollcall.kit.call import Call
from rollcall.kit.identity import Account
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.permissions import Permission, refuse_outranked, refuse_self
from rollcall.user_answers import ChangeUser, UserAnswer
from rollcall.users import User, load_modifiable


@operation(
    "POST /admin/users/{user_id}/demote",
    permission=Permission.USER_PROMOTE,
    writes=[User, Account],
    then=settle_user,
)
def demote_user(request: ChangeUser, call: Call) -> UserAnswer:
    """Make a platform admin an ordinary user again; groups and workspaces stay."""
    user = load_modifiable(call.table, request.user_id)
    refuse_self(call.actor, user.id, "demote")
    refuse_outranked(call.actor, user.own_permissions)
    demoted = user.model_copy(update={"is_admin": False})
    return call.commit(Change(user, demoted), answer=UserAnswer.of)
