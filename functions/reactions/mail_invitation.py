"""Stream reaction: whoever is invited gets the link (I1, I2)."""

from __future__ import annotations

from rollcall.activations import write_link
from rollcall.background import stream_reaction
from rollcall.invitations import Invitation, InvitationStatus
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.settings import Settings
from rollcall.kit.tokens import TokenKey, Tokens
from rollcall.notices import Notice, send_once


@stream_reaction(on=[Invitation], reads=[Invitation, TokenKey], writes=[Mail])
def mail_invitation(entry: JournalEntry, call: Call) -> None:
    """Mail the link of an invitation that was made or sent again, unless a newer one or its end
    has come first.
    """
    sent = entry.changes.get("generation")
    invitation = call.table.find(Invitation, entry.target.id) if sent else None
    if sent is None or invitation is None or not invitation.exists:
        return
    waits = invitation.status_at(call.now) is InvitationStatus.PENDING
    if waits and invitation.generation == sent.after:
        token = Tokens(call.table).derive(invitation.id, invitation.generation)
        send_once(call, entry.id, _write(invitation, token, call.settings))


def _write(invitation: Invitation, token: str, settings: Settings) -> Notice:
    product = settings.product_name
    greeting = f"Hello {invitation.name},\n\n" if invitation.name else ""
    message = f"{invitation.message}\n\n" if invitation.message else ""
    text = (
        f"{greeting}You have been invited to {product}.\n\n{message}To accept, choose a name and a "
        f"password here:\n\n{write_link(settings.invitation_url, token)}\n\nThis works once, until "
        f"{invitation.ends_at:%Y-%m-%d at %H:%M} UTC. If you did not expect this mail, you need "
        "not do anything.\n"
    )
    return Notice(invitation.email, f"Your invitation to {product}", text)
