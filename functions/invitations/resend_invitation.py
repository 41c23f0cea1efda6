"""POST /admin/invitations/{invitationId}/resend (I2)."""

from __future__ import annotations

from rollcall.access.granting import require_permissions_held
from rollcall.access.inviters import list_passed_on
from rollcall.access.policy import AccessPolicy
from rollcall.grants.permissions import Permission
from rollcall.invitations.invitation import ChangeInvitation, Invitation, InvitationAnswer
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict
from rollcall.kit.tokens import TokenKey
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.operations import operation
from rollcall.users.email_bounce import require_reachable
from rollcall.users.statuses import Status
from rollcall.users.user import User


@operation(
    "POST /admin/invitations/{invitation_id}/resend",
    permission=Permission.USER_INVITE,
    fresh_sign_in="the invited user becomes a platform admin",
    reads=[AccessPolicy, User, TokenKey, LifecyclePolicy],
    writes=[Invitation],
)
def resend_invitation(request: ChangeInvitation, call: Call) -> InvitationAnswer:
    """Mail a new link to the present email of a user who is still invited.

    The link expires after the number of days that the lifecycle policy has now. The previous link
    stops working immediately. Refused while mails to the email are not delivered (emailBounced).
    """
    invitation = call.table.load(Invitation, request.invitation_id)
    user = call.table.find(User, invitation.user_id)
    if user is None or user.status is not Status.INVITED:
        detail = "This invitation has been accepted or cancelled and cannot be resent."
        raise Conflict("not_invited", detail)
    if user.email is None:
        detail = "This user has no email. Set an email first, and then resend the invitation."
        raise Conflict("no_email", detail)
    require_reachable(user.email_bounced)
    require_permissions_held(call, user)
    valid_for = read_lifecycle_policy(call.table, call.now).invitation_validity
    return call.commit(
        Change(
            invitation, invitation.renewed(call, user.email, valid_for, list_passed_on(call, user))
        ),
        answer=lambda written: InvitationAnswer.of(written, call.now),
        requires=[ConditionCheck.unchanged(user)],
    )
