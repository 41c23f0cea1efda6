"""POST /register/verify (U16)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.accounts.convergence import Credential
from rollcall.accounts.settlement import settle_account
from rollcall.invitations.activation import (
    ADDRESS_CHANGED,
    ActivatedUser,
    Token,
    activate,
    find_by_token,
)
from rollcall.invitations.registration import Registration, RegistrationStatus
from rollcall.kit.account import Account, AccountPassword
from rollcall.kit.call import Call
from rollcall.kit.errors import Gone
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.public_operations import OPENINGS, registration_operation
from rollcall.users.passwords import Password
from rollcall.users.user import User


class VerifyRegistration(WriteRequest):
    """The token of the mail's link, and the chosen password."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"token": "reg_01h455vb4pex5vsknk084sn02q_…", "password": "TempPass123!"}]
        }
    )

    token: Token
    password: Password


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
    """Confirm a registered address, choose a password, and become an active user.

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
    return activate(call, Change(registration, registration.verified()), user)
