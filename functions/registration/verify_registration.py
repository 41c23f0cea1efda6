"""POST /register/verify (U16)."""

from __future__ import annotations

from rollcall.accounts import settle_account
from rollcall.activations import ActivatedUser, Token, find_by_token
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict, Gone
from rollcall.kit.identity import Account
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.public_operations import OPENINGS, registration_operation
from rollcall.registrations import Registration, RegistrationStatus
from rollcall.statuses import Status
from rollcall.users import User


class VerifyRegistration(WriteRequest):
    """What the mail's link says."""

    token: Token


def open_account(request: VerifyRegistration, call: Call, answer: ActivatedUser) -> None:
    """Tell the identity provider that the address is theirs."""
    settle_account(call, answer.id)


@registration_operation(
    "POST /register/verify",
    permission=None,
    throttle=OPENINGS,
    writes=[Registration, User, Account],
    then=open_account,
)
def verify_registration(request: VerifyRegistration, call: Call) -> ActivatedUser:
    """Confirm the address that one has registered with, and be active at once.

    The link works once and for a day; registering again gives a new one.
    """
    registration = find_by_token(call.table, Registration, request.token)
    if registration.status is RegistrationStatus.VERIFIED:
        raise Gone("registration_verified", "This address was confirmed already; sign in.")
    user = call.table.find(User, registration.user_id)
    if user is None or not _may_verify(registration, user, call):
        raise Gone("registration_expired", "This link has ended; register again.")
    if user.pending_credential is not None:
        detail = "Your password could not be set when you registered; please register again."
        raise Conflict("password_missing", detail)
    activated = user.with_status(Status.ACTIVE, call.now)
    return call.as_user(user.id).commit(
        Change(registration, registration.verified()),
        Change(user, activated),
        answer=lambda _: ActivatedUser.of(activated, call.now),
    )


def _may_verify(registration: Registration, user: User, call: Call) -> bool:
    waits = user.status is Status.PENDING_VERIFICATION
    pending = registration.status is RegistrationStatus.PENDING
    return waits and pending and call.now < registration.ends_at
