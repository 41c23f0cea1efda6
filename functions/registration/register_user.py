"""POST /register (U16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import chain
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.invitations.registration import Registration
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim
from rollcall.kit.errors import Conflict, Contended, Throttled
from rollcall.kit.model import Answer, Time, WriteRequest
from rollcall.kit.text import Line
from rollcall.kit.throttle import Throttle
from rollcall.kit.tokens import TokenKey
from rollcall.kit.transaction import Change
from rollcall.public_operations import REGISTRATIONS, registration_operation
from rollcall.users.fields import Email, Username
from rollcall.users.statuses import Status
from rollcall.users.user import EMAIL, User
from rollcall.users.usernames import suggest_usernames, with_free_username

MAILS = Throttle(5, timedelta(hours=1))
"""To one address, wherever the requests come from: nobody's mailbox can be filled with these."""


class RegisterUser(WriteRequest):
    """Who wants to become a user."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "newuser@example.com", "name": "New User"}]}
    )

    email: Email
    name: Line
    username: Annotated[
        Username | None, Field(description="A wish: one that is taken gets a number behind it.")
    ] = None


class RegistrationReceived(Answer):
    """The same, whether there is a user with this address or not."""

    message: str = "Look into your mailbox; the mail says how to go on."
    received_at: Time


@registration_operation(
    "POST /register",
    permission=None,
    throttle=REGISTRATIONS,
    status=202,
    reads=[TokenKey],
    writes=[Registration, User, TokenKey],
)
def register_user(request: RegisterUser, call: Call) -> RegistrationReceived:
    """Register, where the deployment allows it; elsewhere there is no such address.

    Mails a link that confirms the email. Only who has it chooses the password, and is an ordinary
    user then: whoever registers an address that is not theirs has nothing of it. The answer is the
    same when the email is a user's already, who then gets a mail that says so. Whoever has not
    confirmed it yet can register anew, and only the last link works.
    """
    answer = RegistrationReceived(received_at=call.now)
    try:
        MAILS.count(sha256(request.email.encode()).hexdigest(), "mails", call.table, call.now)
    except Throttled:
        return answer
    user = _find_user(request, call)
    known = call.table.find(Registration, Registration.id_for(user.id)) if user else None
    if user is None or (known is not None and known.waits_for(user)):
        return _let_register(request, call, user, known)
    attempt = Registration.attempt(call, user.id, request.email, known).refused()
    return call.commit(Change(known, attempt), answer=lambda _: answer)


def _find_user(request: RegisterUser, call: Call) -> User | None:
    claim = call.table.get_item(Claim(EMAIL, request.email).key)
    return call.table.find(User, claim["owner"]) if claim else None


def _let_register(
    request: RegisterUser, call: Call, user: User | None, known: Registration | None
) -> RegistrationReceived:
    usernames = _usernames(request, call, user)
    try:
        return with_free_username(
            usernames, lambda username: _write(request, call, user, known, username)
        )
    except Conflict as conflict:
        if conflict.code != EMAIL.code:
            raise
        # Somebody has come first just now: decide anew, because a refusal would tell.
        raise Contended from None


def _usernames(request: RegisterUser, call: Call, user: User | None) -> Iterator[str]:
    """What they wish, or have already, then what is like it."""
    wish = request.username or (user.username if user else None)
    return chain([wish] if wish else (), suggest_usernames(wish or request.email, call.table))


def _write(
    request: RegisterUser,
    call: Call,
    user: User | None,
    known: Registration | None,
    username: str,
) -> RegistrationReceived:
    """Make the user, or let only this attempt count of all that were made before."""
    chosen = {"name": request.name, "username": username}
    registrant = (user or _make_user(request, call)).model_copy(update=chosen)
    return call.commit(
        Change(known, Registration.attempt(call, registrant.id, request.email, known)),
        Change(user, registrant),
        answer=lambda _: RegistrationReceived(received_at=call.now),
    )


def _make_user(request: RegisterUser, call: Call) -> User:
    return User(
        id=call.new_id("usr"),
        created_at=call.now,
        updated_at=call.now,
        email=request.email,
        status=Status.PENDING_VERIFICATION,
    )
