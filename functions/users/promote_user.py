"""POST /admin/users/{userId}/promote (U8)."""

from __future__ import annotations

from rollcall.accounts import settle_user
from rollcall.kit.call import Call
from rollcall.kit.identity import Account
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.permissions import Permission, require_held
from rollcall.user_answers import ChangeUser, UserAnswer
from rollcall.users import User, load_modifiable


@operation(
    "POST /admin/users/{user_id}/promote",
    permission=Permission.USER_PROMOTE,
    writes=[User, Account],
    then=settle_user,
)
def promote_user(request: ChangeUser, call: Call) -> UserAnswer:
    """Make a user a platform admin, from the user's next request on."""
    require_held(call.actor, [Permission.ADMIN_ACCESS])
    user = load_modifiable(call.table, request.user_id)
    promoted = user.model_copy(update={"is_admin": True})
    return call.commit(Change(user, promoted), answer=UserAnswer.of)
