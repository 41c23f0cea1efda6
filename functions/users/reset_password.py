"""POST /admin/users/{userId}/reset-password (U10)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.granting import refuse_superior
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.convergence import Credential, refuse_federated
from rollcall.accounts.settlement import settle_account
from rollcall.accounts.text_messages import require_deliverable
from rollcall.grants.permissions import Permission
from rollcall.kit.account import Account, AccountPassword
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict, Invalid
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.email_bounce import require_reachable
from rollcall.users.passwords import EndSessions, Password
from rollcall.users.statuses import STATUS_RULES
from rollcall.users.user import User, load_modifiable


class ResetPassword(WriteRequest):
    """The new password. Without one, the identity provider mails a reset."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"newPassword": "TempPass123!", "permanent": False}]}
    )

    user_id: Id
    new_password: Password | None = None
    permanent: Annotated[
        bool, Field(description="Absent or false: the user must change it at the next sign-in.")
    ] = False
    end_sessions: EndSessions = True


def set_password(request: ResetPassword, call: Call, answer: UserAnswer) -> None:
    """Set the password, or send the reset, at the identity provider."""
    credential = None
    if request.new_password is not None:
        credential = Credential(
            request.new_password,
            request.permanent,
            field="newPassword",
            chosen_at=answer.updated_at,
        )
    settle_account(call, answer.id, credential)


@operation(
    "POST /admin/users/{user_id}/reset-password",
    permission=Permission.USER_RESET_PASSWORD,
    fresh_sign_in=True,
    reads=[AccessPolicy],
    writes=[User, Account, AccountPassword],
    then=set_password,
)
def reset_password(request: ResetPassword, call: Call) -> UserAnswer:
    """Set a user's password. Without a body, a password reset is mailed.

    The user's earlier sessions end, unless endSessions is false. A user who has never chosen a
    password gets the invitation again. Refused for a user who signs in with another provider, and
    without a new password for a user whom no mail or text message reaches.
    """
    if request.permanent and request.new_password is None:
        raise Invalid.field("newPassword", "permanent requires newPassword.", "password_needed")
    user = load_modifiable(call.table, request.user_id)
    refuse_superior(call, user)
    if request.new_password is None and not STATUS_RULES[user.status].sign_in:
        raise Conflict("sign_in_closed", "This user cannot sign in. Enable the user first.")
    if request.new_password is None:
        require_deliverable(call, user.email)
        require_reachable(user.email_bounced)
    refuse_federated(call, user)
    changed = user.with_credential("password" if request.new_password else "reset", call.now)
    if request.end_sessions:
        changed = changed.with_earlier_sessions_ended(call.now)
    return call.commit(Change(user, changed), answer=UserAnswer.of)
