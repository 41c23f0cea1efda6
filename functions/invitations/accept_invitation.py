"""POST /invitations/{token}/accept (I3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.accounts.convergence import Credential, settle_account
from rollcall.invitations.activation import ActivatedUser, Token
from rollcall.invitations.invitation import Invitation, open_invitation
from rollcall.kit.call import Call
from rollcall.kit.identity import Account
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.public_operations import OPENINGS, public_operation
from rollcall.users.fields import Username
from rollcall.users.passwords import Password
from rollcall.users.statuses import Status
from rollcall.users.user import User


class AcceptInvitation(WriteRequest):
    """What the invited person chooses."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "New Colleague", "password": "TempPass123!"}]}
    )

    token: Token
    name: Line
    password: Password
    username: Annotated[
        Username | None, Field(description="Absent: the one that the invitation shows.")
    ] = None


def open_account(request: AcceptInvitation, call: Call, answer: ActivatedUser) -> None:
    """Set the password at the identity provider, so that it can be signed in with at once."""
    credential = Credential(request.password, permanent=True, chosen_at=answer.activated_at)
    settle_account(call, answer.id, credential)


@public_operation(
    "POST /invitations/{token}/accept",
    permission=None,
    throttle=OPENINGS,
    writes=[Invitation, User, Account],
    then=open_account,
)
def accept_invitation(request: AcceptInvitation, call: Call) -> ActivatedUser:
    """Accept an invitation: choose a name and a password, and be active at once.

    Works once. Send an Idempotency-Key, so that the same request can be sent again when its answer
    was lost.
    """
    invitation, user = open_invitation(call, request.token)
    chosen = {"name": request.name, "username": request.username or user.username}
    accepted = user.with_status(Status.ACTIVE, call.now).model_copy(update=chosen)
    accepted = accepted.with_credential("password", call.now)
    return call.as_user(user.id).commit(
        Change(invitation, invitation.accepted(call.now)),
        Change(user, accepted),
        answer=lambda _: ActivatedUser.of(accepted, call.now),
    )
