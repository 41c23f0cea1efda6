"""GET /admin/invitations/{invitationId} (I2)."""

from __future__ import annotations

from rollcall.grants.permissions import Permission
from rollcall.invitations.invitation import Invitation, InvitationAnswer
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Request
from rollcall.operations import operation


class GetInvitation(Request):
    """The invitation to show."""

    invitation_id: Id


@operation(
    "GET /admin/invitations/{invitation_id}", permission=Permission.USER_INVITE, reads=[Invitation]
)
def get_invitation(request: GetInvitation, call: Call) -> InvitationAnswer:
    """Show an invitation.

    The ETag is the version to send as If-Match when resending or cancelling it.
    """
    return InvitationAnswer.of(call.table.load(Invitation, request.invitation_id), call.now)
