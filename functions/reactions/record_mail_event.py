"""Mail event reaction: record at users that mails do not reach them (I4)."""

from __future__ import annotations

from functools import partial

from rollcall.background import mail_event_reaction
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim
from rollcall.kit.log import log_call
from rollcall.kit.mail_event import MailEvent
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.email_bounce import BounceKind, EmailBounce
from rollcall.users.fields import normalize_email
from rollcall.users.user import EMAIL, User


@mail_event_reaction(writes=[User])
def record_mail_event(event: MailEvent, call: Call) -> None:
    """Record a permanent bounce or a complaint at the user who has the address, so that no more
    mails go there. An address that no user has is ignored.

    SES lowers its rating of accounts that send to addresses that have bounced, and stops the worst
    (Amazon SES developer guide, bounces).
    """
    for address in event.addresses:
        retry_contended(partial(_record, event, call, address))


def _record(event: MailEvent, call: Call, address: str) -> None:
    user = _find_owner(call, address)
    if user is None:
        log_call(call.action, outcome="unknown_address", request_id=call.request_id)
        return
    bounce = EmailBounce(at=event.at, kind=BounceKind(event.kind), category=event.category)
    change = Change(user, user.with_bounce(bounce, event.sent_at))
    call.part().commit(change, answer=lambda written: written)


def _find_owner(call: Call, address: str) -> User | None:
    """The user with this email; a change or deletion can have freed it since the mail was sent."""
    try:
        email = normalize_email(address)
    except ValueError:
        return None
    claim = call.table.get_item(Claim(EMAIL, email).key)
    user = call.table.find(User, str(claim["owner"])) if claim else None
    return user if user is not None and user.email == email else None
