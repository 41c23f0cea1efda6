"""Stream reaction: ask by mail to confirm a registered address (U16)."""

from __future__ import annotations

from rollcall.background import stream_reaction
from rollcall.invitations.registration import Registration, RegistrationStatus
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.tokens import TokenKey
from rollcall.mails.catalog import ALREADY_REGISTERED, REGISTRATION
from rollcall.mails.notices import (
    Notice,
    Recipient,
    describe_link,
    find_settled,
    send_once,
    write_notice,
)
from rollcall.users.user import User


@stream_reaction(on=[Registration], reads=[Registration, User, TokenKey], writes=[Mail])
def mail_registration(entry: JournalEntry, call: Call) -> None:
    """Mail the link that confirms the address. Where the address belongs to a user, notify that
    user of the attempt instead. Only the last attempt counts.
    """
    attempt = entry.changes.get("generation")
    if attempt is None:
        return
    registration, user = find_settled(call, Registration, entry.target.id)
    if registration is None or registration.generation != attempt.after:
        return
    if registration.status is RegistrationStatus.PENDING:
        send_once(call, entry.id, _ask(registration, user, call))
    elif registration.status is RegistrationStatus.REFUSED:
        send_once(call, entry.id, _tell_owner(registration, user, call))


def _ask(registration: Registration, user: User | None, call: Call) -> Notice:
    # Without the given name: anyone could use it to send any text to any address.
    address = Recipient.at(registration.email, user)
    link = describe_link(call, registration, call.settings.verification_url)
    return write_notice(call, REGISTRATION, address, link)


def _tell_owner(registration: Registration, owner: User | None, call: Call) -> Notice:
    name = Recipient.of(owner).name if owner else ""
    known = Recipient.at(registration.email, owner, name=name)
    return write_notice(call, ALREADY_REGISTERED, known)
