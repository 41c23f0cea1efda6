"""GET /invitations/{token} (I3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.access.inviters import find_inviter
from rollcall.access.policy import AccessPolicy
from rollcall.invitations.activation import Token
from rollcall.invitations.invitation import Invitation, open_invitation, refuse_withdrawn
from rollcall.kit.call import Call
from rollcall.kit.model import Answer, Request, Time
from rollcall.public_operations import OPENINGS, public_operation
from rollcall.users.user import User


class ViewInvitation(Request):
    """The token of the invitation to show."""

    token: Token


class InvitationView(Answer):
    """An invitation as the invited user sees it."""

    product_name: str
    email: str | None = None
    username: Annotated[
        str | None, Field(description="The username, unless the user chooses another one.")
    ] = None
    name: str | None = None
    message: str | None = None
    ends_at: Time


@public_operation(
    "GET /invitations/{token}",
    permission=None,
    throttle=OPENINGS,
    reads=[Invitation, User, AccessPolicy],
)
def view_invitation(request: ViewInvitation, call: Call) -> InvitationView:
    """Show an invitation to the holder of its link.

    A link that never existed, was altered or was replaced is not found (404). A link that has
    expired, was used, cancelled or withdrawn is gone (410).
    """
    invitation, user = open_invitation(call, request.token)
    if find_inviter(call, invitation.invited_by, invitation.passed_on) is None:
        raise refuse_withdrawn()
    return InvitationView(
        product_name=call.settings.product_name,
        email=user.email,
        username=user.username,
        name=user.name,
        message=invitation.message,
        ends_at=invitation.ends_at,
    )
