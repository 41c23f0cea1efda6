"""DELETE /admin/invitations/{invitationId} (I2)."""

from __future__ import annotations

from typing import Any

from rollcall.access.granting import refuse_superior
from rollcall.access.policy import AccessPolicy
from rollcall.accounts.settlement import settle_account
from rollcall.grants.permissions import Permission
from rollcall.invitations.invitation import (
    ChangeInvitation,
    Invitation,
    InvitationAnswer,
    InvitationStatus,
)
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.resources.deletion import plan_erasure
from rollcall.resources.resource import Resource
from rollcall.users.statuses import Status
from rollcall.users.user import User


def delete_account(request: ChangeInvitation, call: Call, answer: InvitationAnswer) -> None:
    """Delete the account of the invited user."""
    settle_account(call, answer.user_id)


@operation(
    "DELETE /admin/invitations/{invitation_id}",
    permission=Permission.USER_INVITE,
    reads=[AccessPolicy],
    writes=[Invitation, User, Resource, Account],
    then=delete_account,
)
def cancel_invitation(request: ChangeInvitation, call: Call) -> InvitationAnswer:
    """Cancel an invitation, and delete the invited user. The email is free again.

    If an admin has changed the user's status since, the user is not deleted.
    """
    invitation = call.table.load(Invitation, request.invitation_id)
    if invitation.status is InvitationStatus.ACCEPTED:
        detail = "This invitation has been accepted. Disable or delete the user instead."
        raise Conflict("invitation_accepted", detail)
    erasing, requires = _erase_invited(call, invitation.user_id)
    cancelled = invitation.status is InvitationStatus.CANCELLED
    return call.commit(
        Change(invitation, invitation if cancelled else invitation.cancelled(call.now)),
        *erasing,
        answer=lambda written: InvitationAnswer.of(written, call.now),
        requires=requires,
    )


def _erase_invited(call: Call, user_id: str) -> tuple[list[Change[Any]], list[ConditionCheck]]:
    """The changes that delete the user in the same transaction, while the user is still invited."""
    user = call.table.find(User, user_id)
    if user is None or user.status is not Status.INVITED:
        return [], []
    refuse_superior(call, user)
    planned = plan_erasure(call, user)
    return [planned.change, *planned.releases], [planned.required]
