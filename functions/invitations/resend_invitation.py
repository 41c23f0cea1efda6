"""POST /admin/invitations/{invitationId}/resend (I2)."""

from __future__ import annotations

from rollcall.access.granting import require_standing_held
from rollcall.access.policy import AccessPolicy
from rollcall.grants.permissions import Permission
from rollcall.invitations.invitation import ChangeInvitation, Invitation, InvitationAnswer
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.requirement import Required
from rollcall.kit.tokens import TokenKey
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.operations import operation
from rollcall.users.statuses import Status
from rollcall.users.user import User


@operation(
    "POST /admin/invitations/{invitation_id}/resend",
    permission=Permission.USER_INVITE,
    reads=[AccessPolicy, User, TokenKey, LifecyclePolicy],
    writes=[Invitation, TokenKey],
)
def resend_invitation(request: ChangeInvitation, call: Call) -> InvitationAnswer:
    """Mail a new link to somebody who is still invited.

    It works for as many days as the lifecycle policy says now, however long the first one did. The
    link before is dead from this moment on.
    """
    invitation = call.table.load(Invitation, request.invitation_id)
    user = call.table.find(User, invitation.user_id)
    if user is None or user.status is not Status.INVITED:
        detail = "Nobody waits for this invitation any more: it was accepted, or withdrawn."
        raise Conflict("not_invited", detail)
    require_standing_held(call, user)
    lasts = read_lifecycle_policy(call.table, call.now).invitations_last
    return call.commit(
        Change(invitation, invitation.renewed(call, lasts)),
        answer=lambda written: InvitationAnswer.of(written, call.now),
        requires=[Required.unchanged(user)],
    )
