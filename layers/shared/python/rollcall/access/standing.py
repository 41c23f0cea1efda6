"""Taking a user's standing away for a while (U9)."""

from __future__ import annotations

from rollcall.access.granting import refuse_superior
from rollcall.grants.permissions import refuse_self
from rollcall.kit.call import Call
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.statuses import Status
from rollcall.users.user import load_modifiable


def close_account(call: Call, user_id: str, status: Status, deed: str) -> UserAnswer:
    """Put another user into a status without the right to sign in. Raises Conflict for oneself,
    for the last admin, and for a status that cannot follow.
    """
    user = load_modifiable(call.table, user_id)
    refuse_self(call.actor, user.id, deed)
    refuse_superior(call, user)
    return call.commit(Change(user, user.with_status(status, call.now)), answer=UserAnswer.of)
