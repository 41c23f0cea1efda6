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
"""Per email address, from all sources together, so that no one can flood a mailbox with these
mails.
"""


class RegisterUser(WriteRequest):
    """The person who registers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "newuser@example.com", "name": "New User"}]}
    )

    email: Email
    name: Line
    username: Annotated[
        Username | None, Field(description="A preference: if it is taken, a number is appended.")
    ] = None


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

    Mails a link that confirms the email. Only the recipient can choose the password and become an
    ordinary user, so that registering another person's address has no effect. The answer is the
    same when the email belongs to a user, who then gets a mail about the attempt. Until the email
    is confirmed, the person can register again; only the last link works.
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
        # A concurrent request was first: decide again, because an error would reveal the user.
        raise Contended from None


def _usernames(request: RegisterUser, call: Call, user: User | None) -> Iterator[str]:
    """The requested or present username, then similar ones."""
    wish = request.username or (user.username if user else None)
    return chain([wish] if wish else (), suggest_usernames(wish or request.email, call.table))


def _write(
    request: RegisterUser,
    call: Call,
    user: User | None,
    known: Registration | None,
    username: str,
) -> RegistrationReceived:
    """Create the user, or make this attempt replace all earlier ones."""
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
