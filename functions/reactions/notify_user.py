"""Stream reaction: notify users by mail of changes to their account (I4, U7)."""

from __future__ import annotations

from rollcall.background import stream_reaction
from rollcall.kit.call import TAKE_BACK, Call
from rollcall.kit.errors import Contended, StillContended
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.retry import retry_contended
from rollcall.mails.account_notifications import RULES, AccountEvent
from rollcall.mails.catalog import format_date_time
from rollcall.mails.notices import send_once, write_notice
from rollcall.users.passwords import TEMPORARY_DAYS
from rollcall.users.user import User


@stream_reaction(on=[User], reads=[User], writes=[Mail])
def notify_user(entry: JournalEntry, call: Call) -> None:
    """Notify a user of changes to the account, with a mail for each kind of change.

    Waits a little for the operation to synchronize the identity provider, so that no mail is sent
    about a change that is refused there and undone. A user without an email gets no mail.
    """
    if not call.mail.sender or entry.actor.id == TAKE_BACK:
        return
    if any(rule.applies(event) for event in _find(entry, call) for rule in RULES):
        for event in _find_settled(entry, call):
            _notify(event, call)


def _find(entry: JournalEntry, call: Call) -> list[AccountEvent]:
    """The event, or nothing if even the tombstone is deleted."""
    user = call.table.find(User, entry.target.id)
    return [AccountEvent(entry, user)] if user else []


def _find_settled(entry: JournalEntry, call: Call) -> list[AccountEvent]:
    def attempt() -> list[AccountEvent]:
        found = _find(entry, call)
        if not all(event.settled for event in found):
            raise Contended
        return found

    try:
        return retry_contended(attempt)
    except StillContended:
        # The operation has crashed, or the identity provider is down: the stream synchronizes it
        # later, and the caller, who was asked to repeat the request, sends the password again.
        return _find(entry, call)


def _notify(event: AccountEvent, call: Call) -> None:
    days = {f"{event.user.welcomed_with}_password_days": str(TEMPORARY_DAYS)}
    values = {"at": format_date_time(event.entry.at), "email": event.user.email or "", **days}
    for rule in RULES:
        if rule.applies(event) and (address := rule.to(event)):
            notice = write_notice(call, rule.template, event.recipient_at(address), values)
            send_once(call, f"{event.entry.id}#{rule.template.name}", notice)
