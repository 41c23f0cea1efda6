"""POST /register/verify (U16)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.accounts.convergence import Credential
from rollcall.accounts.settlement import settle_account
from rollcall.invitations.activation import (
    ADDRESS_CHANGED,
    ActivatedUser,
    LinkRequest,
    activate,
    find_by_token,
)
from rollcall.invitations.registration import Registration, RegistrationStatus
from rollcall.kit.account import Account, AccountPassword
from rollcall.kit.call import Call
from rollcall.kit.errors import Gone
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.public_operations import OPENINGS, registration_operation
from rollcall.users.fields import Username
from rollcall.users.passwords import Password
from rollcall.users.user import User
from rollcall.users.usernames import suggest_usernames, with_free_username


class VerifyRegistration(LinkRequest):
    """The token of the mail's link, and the person's name, password and username."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "token": "reg_01h455vb4pex5vsknk084sn02q_…",
                    "name": "New User",
                    "password": "TempPass123!",
                }
            ]
        }
    )

    name: Line
    password: Password
    username: Annotated[
        Username | None, Field(description="Absent: generated from the email, and unique.")
    ] = None


def open_account(request: VerifyRegistration, call: Call, answer: ActivatedUser) -> None:
    """Set the password at the identity provider, so that the user can sign in immediately."""
    credential = Credential(request.password, permanent=True, chosen_at=answer.activated_at)
    settle_account(call, answer.id, credential)


@registration_operation(
    "POST /register/verify",
    permission=None,
    throttle=OPENINGS,
    writes=[Registration, User, Account, AccountPassword],
    then=open_account,
)
def verify_registration(request: VerifyRegistration, call: Call) -> ActivatedUser:
    """Confirm a registered address, choose a name and a password, and become an active user.

    The link works once and expires after a day; registering again mails a new one. Send an
    Idempotency-Key, so that the request can be repeated when its response was lost.
    """
    registration = find_by_token(call.table, Registration, request.token)
    if registration.status is RegistrationStatus.VERIFIED:
        raise Gone("registration_verified", "This address is already confirmed. Sign in.")
    user = call.table.find(User, registration.user_id)
    if user is None or not registration.is_open(user, call.now):
        raise Gone("registration_expired", "This link has expired. Register again.")
    if not registration.proves_address_of(user):
        raise Gone("address_changed", ADDRESS_CHANGED)
    link = Change(registration, registration.verified())

    def write(username: str) -> ActivatedUser:
        return activate(call, link, user, name=request.name, username=username)

    if request.username:
        return write(request.username)
    return with_free_username(_usernames(user, call), write)


def _usernames(user: User, call: Call) -> Iterator[str]:
    """The username that an admin has given to the user, otherwise generated ones."""
    if user.username:
        return iter([user.username])
    return suggest_usernames(user.email or "", call.table)
