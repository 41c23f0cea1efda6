"""GET /admin/invitations/{invitationId} (I2)."""

from __future__ import annotations

from rollcall.fields import Id
from rollcall.invitations import Invitation, InvitationAnswer
from rollcall.kit.call import Call
from rollcall.kit.model import Request
from rollcall.operations import operation
from rollcall.permissions import Permission


class GetInvitation(Request):
    """Which invitation to show."""

    invitation_id: Id


@operation(
    "GET /admin/invitations/{invitation_id}", permission=Permission.USER_INVITE, reads=[Invitation]
)
def get_invitation(request: GetInvitation, call: Call) -> InvitationAnswer:
    """Show an invitation.

    The ETag is the version to send as If-Match when resending or cancelling it.
    """
    return InvitationAnswer.of(call.table.load(Invitation, request.invitation_id), call.now)
