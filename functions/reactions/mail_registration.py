"""Stream reaction: whoever registers is asked by mail whether the address is theirs (U16)."""

from __future__ import annotations

from rollcall.activations import write_link
from rollcall.background import stream_reaction
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.settings import Settings
from rollcall.kit.tokens import TokenKey, Tokens
from rollcall.notices import Notice, send_once
from rollcall.registrations import Registration, RegistrationStatus


@stream_reaction(on=[Registration], reads=[Registration, TokenKey], writes=[Mail])
def mail_registration(entry: JournalEntry, call: Call) -> None:
    """Mail the link that confirms the address; where it is a user's already, tell that user that
    somebody has tried. Only the last attempt counts.
    """
    attempt = entry.changes.get("generation")
    registration = call.table.find(Registration, entry.target.id) if attempt else None
    if attempt is None or registration is None or registration.generation != attempt.after:
        return
    if registration.status is RegistrationStatus.PENDING and registration.exists:
        token = Tokens(call.table).derive(registration.id, registration.generation)
        send_once(call, entry.id, _ask(registration, token, call.settings))
    elif registration.status is RegistrationStatus.REFUSED:
        send_once(call, entry.id, _tell_owner(registration, call.settings))


def _ask(registration: Registration, token: str, settings: Settings) -> Notice:
    product, link = settings.product_name, write_link(settings.verification_url, token)
    text = (
        f"Somebody has registered with {product} and this address. If it was you, confirm it and "
        f"choose a password here:\n\n{link}\n\nThis works once, until "
        f"{registration.ends_at:%Y-%m-%d at %H:%M} UTC. If it was not you, you need not do "
        "anything.\n"
    )
    return Notice(registration.email, f"Confirm your address for {product}", text)


def _tell_owner(registration: Registration, settings: Settings) -> Notice:
    product = settings.product_name
    text = (
        f"Somebody has tried to register with {product} and this address, which has an account "
        "already. Nothing was changed.\n\nIf it was you, sign in, or reset your password. If you "
        "cannot sign in, ask your administrator.\n"
    )
    return Notice(registration.email, f"You have an account with {product} already", text)
