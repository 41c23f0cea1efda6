"""POST /invitations/{token}/accept (I3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.inviters import find_inviter
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.convergence import Credential
from rollcall.accounts.settlement import settle_account
from rollcall.invitations.activation import ActivatedUser, LinkRequest, activate
from rollcall.invitations.invitation import Invitation, open_invitation, refuse_withdrawn
from rollcall.kit.account import Account, AccountPassword
from rollcall.kit.call import Call
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.public_operations import OPENINGS, public_operation
from rollcall.users.fields import Username
from rollcall.users.passwords import Password
from rollcall.users.user import User


class AcceptInvitation(LinkRequest):
    """The invited user's name, password and username."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "New Colleague", "password": "TempPass123!"}]}
    )

    name: Line
    password: Password
    username: Annotated[
        Username | None, Field(description="Absent: the one that the invitation shows.")
    ] = None


def open_account(request: AcceptInvitation, call: Call, answer: ActivatedUser) -> None:
    """Set the password at the identity provider, so that the user can sign in immediately."""
    credential = Credential(request.password, permanent=True, chosen_at=answer.activated_at)
    settle_account(call, answer.id, credential)


@public_operation(
    "POST /invitations/{token}/accept",
    permission=None,
    throttle=OPENINGS,
    reads=[AccessPolicy],
    writes=[Invitation, User, Account, AccountPassword],
    then=open_account,
)
def accept_invitation(request: AcceptInvitation, call: Call) -> ActivatedUser:
    """Accept an invitation: choose a name and a password, and become an active user.

    Works once, and only while the inviter is active and holds what the invitation grants. Send an
    Idempotency-Key, so that the request can be repeated when its response was lost.
    """
    invitation, user = open_invitation(call, request.token)
    requires = find_inviter(call, invitation.invited_by, invitation.passed_on)
    if requires is None:
        raise refuse_withdrawn()
    chosen = {"name": request.name, "username": request.username or user.username}
    accepted = Change(invitation, invitation.accepted(call.now))
    return activate(call, accepted, user, requires, **chosen)
