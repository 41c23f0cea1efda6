"""Deactivation of users: disabling and suspending (U9)."""

from __future__ import annotations

from rollcall.access.grant_rules import refuse_self
from rollcall.access.granting import refuse_superior
from rollcall.kit.call import Call
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.statuses import Status
from rollcall.users.user import load_modifiable


def deactivate_user(call: Call, user_id: str, status: Status, action: str) -> UserAnswer:
    """Change another user to a status that does not allow signing in. ``action`` is the verb for
    error messages. Raises Conflict for the caller's own account, for the last admin, and for a
    change that STATUS_RULES do not allow.
    """
    user = load_modifiable(call.table, user_id)
    refuse_self(call.actor, user.id, action)
    refuse_superior(call, user)
    return call.commit(Change(user, user.with_status(status, call.now)), answer=UserAnswer.of)
