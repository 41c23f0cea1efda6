"""POST /register (U16)."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

from pydantic import ConfigDict

from rollcall.invitations.registration import Registration
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim
from rollcall.kit.errors import Conflict, Contended, Throttled
from rollcall.kit.model import Answer, Time, WriteRequest
from rollcall.kit.throttle import Throttle
from rollcall.kit.tokens import TokenKey
from rollcall.kit.transaction import Change
from rollcall.public_operations import REGISTRATIONS, registration_operation
from rollcall.users.fields import Email
from rollcall.users.statuses import Status
from rollcall.users.user import EMAIL, User

MAILS_OF_SOURCE = Throttle(5, timedelta(days=1))
"""Mails to one email address because of requests from one network. A stranger who registers an
address of another person uses up only the stranger's own mails: the owner still gets five.
"""
MAILS = Throttle(25, timedelta(days=1))
"""Mails to one email address because of requests from all networks together, so that no one can
flood a mailbox. It takes five networks to use them up.
"""


class RegisterUser(WriteRequest):
    """The email address of the person who registers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "newuser@example.com"}]})

    email: Email


class RegistrationReceived(Answer):
    """The same answer, whether a user with this address exists or not."""

    message: str = "Check your mailbox. The mail has the next step."
    received_at: Time


@registration_operation(
    "POST /register",
    permission=None,
    throttle=REGISTRATIONS,
    status=202,
    reads=[TokenKey],
    writes=[Registration, User],
)
def register_user(request: RegisterUser, call: Call) -> RegistrationReceived:
    """Register as a user. The route does not exist if the deployment does not allow registration.

    Mails a link that confirms the email. Only the recipient can choose a name, a username and a
    password and become an ordinary user, so that registering another person's address has no
    effect. The answer is the same when the email belongs to a user, who then gets a mail about the
    attempt. Until the email is confirmed, the person can register again; only the last link works.

    At most 5 mails a day are sent to an email because of requests from one IPv4 address or IPv6
    /64, and 25 because of all requests. The answer does not say whether a mail was sent.
    """
    answer = RegistrationReceived(received_at=call.now)
    try:
        _count_mail(request.email, call)
    except Throttled:
        return answer
    user = _find_user(request.email, call)
    known = call.table.find(Registration, Registration.id_for(user.id)) if user else None
    try:
        return call.commit(*_attempt(request.email, call, user, known), answer=lambda _: answer)
    except Conflict as conflict:
        if conflict.code != EMAIL.code:
            raise
        # A concurrent request was first: decide again, because an error would reveal the user.
        raise Contended from None


def _count_mail(email: str, call: Call) -> None:
    """Raises Throttled. A mail that exceeds the limit of its source does not count in total."""
    mailbox = sha256(email.encode()).hexdigest()
    source = Throttle.network_of(call.actor.ip_address)
    MAILS_OF_SOURCE.count(f"{mailbox}#{source}", "mails-of-source", call.table, call.now)
    MAILS.count(mailbox, "mails", call.table, call.now)


def _find_user(email: str, call: Call) -> User | None:
    claim = call.table.get_item(Claim(EMAIL, email).key)
    return call.table.find(User, claim["owner"]) if claim else None


def _attempt(
    email: str, call: Call, user: User | None, known: Registration | None
) -> list[Change[Any]]:
    """The changes of one more attempt. It is refused if the address belongs to a user who is not
    waiting for its confirmation.
    """
    if user is None:
        created = User(
            id=call.new_id("usr"),
            created_at=call.now,
            updated_at=call.now,
            email=email,
            status=Status.PENDING_VERIFICATION,
        )
        first = Registration.attempt(call, created.id, email, None)
        return [Change(None, first), Change(None, created)]
    attempt = Registration.attempt(call, user.id, email, known)
    waits = known is not None and known.waits_for(user)
    return [Change(known, attempt if waits else attempt.refused())]
