"""POST /register (U16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import chain
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.accounts import Credential, settle_account
from rollcall.fields import Email, Username
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim
from rollcall.kit.errors import Conflict, Contended, Throttled
from rollcall.kit.identity import Account
from rollcall.kit.model import Answer, Time, WriteRequest
from rollcall.kit.text import Line
from rollcall.kit.throttle import Throttle
from rollcall.kit.tokens import TokenKey
from rollcall.kit.transaction import Change
from rollcall.passwords import Password
from rollcall.public_operations import REGISTRATIONS, registration_operation
from rollcall.registrations import Registration
from rollcall.statuses import Status
from rollcall.usernames import suggest_usernames, with_free_username
from rollcall.users import EMAIL, User

MAILS = Throttle(5, timedelta(hours=1))
"""To one address, wherever the requests come from: nobody's mailbox can be filled with these."""


class RegisterUser(WriteRequest):
    """Who wants to become a user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"email": "newuser@example.com", "name": "New User", "password": "TempPass123!"}
            ]
        }
    )

    email: Email
    name: Line
    password: Password
    username: Annotated[
        Username | None, Field(description="A wish: one that is taken gets a number behind it.")
    ] = None


class RegistrationReceived(Answer):
    """The same, whether there is a user with this address or not."""

    message: str = "Look into your mailbox; the mail says how to go on."
    received_at: Time


def make_account(request: RegisterUser, call: Call, answer: RegistrationReceived) -> None:
    """Make the account at the identity provider, unverified, with the password that is kept nowhere
    else. That of somebody who is a user already is only looked at, so that the answer is the same
    also while the identity provider gives none.
    """
    user = _find_user(request, call)
    if user is None:
        return
    if user.status is _WAITING and user.credentials_changed_at == answer.received_at:
        credential = Credential(request.password, permanent=True, chosen_at=answer.received_at)
        settle_account(call, user.id, credential)
    else:
        call.identity.find(user.id)


@registration_operation(
    "POST /register",
    permission=None,
    throttle=REGISTRATIONS,
    status=202,
    reads=[TokenKey],
    writes=[Registration, User, Account, TokenKey],
    then=make_account,
)
def register_user(request: RegisterUser, call: Call) -> RegistrationReceived:
    """Register, where the deployment allows it; elsewhere there is no such address.

    Mails a link that confirms the email, upon which one is an ordinary user. The answer is the same
    when the email is a user's already, who then gets a mail that says so. Whoever has not confirmed
    it yet can register anew, and only that counts.
    """
    answer = RegistrationReceived(received_at=call.now)
    try:
        MAILS.count(sha256(request.email.encode()).hexdigest(), "mails", call.table, call.now)
    except Throttled:
        return answer
    user = _find_user(request, call)
    known = call.table.find(Registration, Registration.id_for(user.id)) if user else None
    if user is None or (user.status is _WAITING and known is not None):
        return _let_register(request, call, user, known)
    attempt = Registration.attempt(call, user.id, request.email, known).refused()
    return call.commit(Change(known, attempt), answer=lambda _: answer)


_WAITING = Status.PENDING_VERIFICATION


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
    registrant = user.with_sessions_ended(call.now) if user else _make_user(request, call)
    chosen = {"name": request.name, "username": username}
    registrant = registrant.model_copy(update=chosen).with_credential("password", call.now)
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
        status=_WAITING,
    )
