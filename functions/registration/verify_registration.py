"""POST /register/verify (U16)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.accounts.convergence import Credential, settle_account
from rollcall.invitations.activation import ActivatedUser, Token, find_by_token
from rollcall.invitations.registration import Registration, RegistrationStatus
from rollcall.kit.call import Call
from rollcall.kit.errors import Gone
from rollcall.kit.identity import Account
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.public_operations import OPENINGS, registration_operation
from rollcall.users.passwords import Password
from rollcall.users.statuses import Status
from rollcall.users.user import User


class VerifyRegistration(WriteRequest):
    """What the mail's link says, and the password that is chosen."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"token": "reg_01h455vb4pex5vsknk084sn02q_…", "password": "TempPass123!"}]
        }
    )

    token: Token
    password: Password


def open_account(request: VerifyRegistration, call: Call, answer: ActivatedUser) -> None:
    """Tell the identity provider that the address is theirs, and set the password."""
    credential = Credential(request.password, permanent=True, chosen_at=answer.activated_at)
    settle_account(call, answer.id, credential)


@registration_operation(
    "POST /register/verify",
    permission=None,
    throttle=OPENINGS,
    writes=[Registration, User, Account],
    then=open_account,
)
def verify_registration(request: VerifyRegistration, call: Call) -> ActivatedUser:
    """Confirm the address that one has registered with, choose a password, and be active at once.

    The link works once and for a day; registering again gives a new one. Send an Idempotency-Key,
    so that the same request can be sent again when its answer was lost.
    """
    registration = find_by_token(call.table, Registration, request.token)
    if registration.status is RegistrationStatus.VERIFIED:
        raise Gone("registration_verified", "This address was confirmed already; sign in.")
    user = call.table.find(User, registration.user_id)
    ended = call.now >= registration.ends_at
    if user is None or ended or not registration.waits_for(user):
        raise Gone("registration_expired", "This link has ended; register again.")
    activated = user.with_status(Status.ACTIVE, call.now).with_credential("password", call.now)
    return call.as_user(user.id).commit(
        Change(registration, registration.verified()),
        Change(user, activated),
        answer=lambda _: ActivatedUser.of(activated, call.now),
    )
