"""Stream reaction: disabled and deleted users are no longer invited (I2)."""

from __future__ import annotations

from rollcall.background import stream_reaction
from rollcall.invitations.invitation import Invitation, InvitationStatus
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.requirement import Required
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.statuses import Status
from rollcall.users.user import User


@stream_reaction(on=[User], reads=[User], writes=[Invitation])
def close_invitation(entry: JournalEntry, call: Call) -> None:
    """Cancel the invitation of a user who is no longer invited and has not accepted it. Its link
    has already stopped working, because it depends on the user's status; this reaction makes lists
    show it.
    """
    change = entry.changes.get("status")
    if change is not None and change.before == Status.INVITED:
        retry_contended(lambda: _close(call, entry.target.id))


def _close(call: Call, user_id: str) -> None:
    invitation = call.table.find(Invitation, Invitation.id_for(user_id))
    user = call.table.find(User, user_id)
    if invitation is None or invitation.status is not InvitationStatus.PENDING or user is None:
        return
    if user.status is not Status.INVITED:
        call.commit(
            Change(invitation, invitation.cancelled(call.now)),
            answer=lambda written: written,
            requires=[Required.unchanged(user)],
        )
