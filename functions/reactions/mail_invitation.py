"""Stream reaction: mail the link to invited users (I1, I2)."""

from __future__ import annotations

from rollcall.background import stream_reaction
from rollcall.invitations.invitation import Invitation, InvitationStatus
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.tokens import TokenKey
from rollcall.mails.catalog import INVITATION
from rollcall.mails.notices import (
    Recipient,
    describe_link,
    find_settled,
    send_once,
    write_notice,
)
from rollcall.users.user import User


@stream_reaction(on=[Invitation], reads=[Invitation, User, TokenKey], writes=[Mail])
def mail_invitation(entry: JournalEntry, call: Call) -> None:
    """Mail the link of an invitation that was created or resent, unless a newer one exists or it
    has expired. An invitation that is undone, because Cognito refuses the address, is not mailed.
    """
    sent = entry.changes.get("generation")
    if sent is None:
        return
    invitation, user = find_settled(call, Invitation, entry.target.id)
    if invitation is None:
        return
    waits = invitation.status_at(call.now) is InvitationStatus.PENDING
    if not waits or invitation.generation != sent.after:
        return
    invited = Recipient.at(invitation.email, user, name=invitation.name or "")
    link = describe_link(call, invitation, call.settings.invitation_url)
    values = {**link, "message": invitation.message or ""}
    send_once(call, entry.id, write_notice(call, INVITATION, invited, values))
