"""Scheduled job: deletion of registrations that were never confirmed (U16)."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from rollcall.accounts.settlement import settle_account
from rollcall.background import job
from rollcall.invitations.registration import UNCONFIRMED, Registration
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Conflict
from rollcall.kit.job import Report
from rollcall.kit.model import format_time
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.resources.deletion import plan_erasure
from rollcall.resources.resource import Resource
from rollcall.users.user import User

ENDED_AT_MOST = 2_000
"""Per run, as with the purge of deleted users."""


class EndedRegistrations(Report):
    """How many were deleted, and how many stay because of the user's resources."""

    ended: int
    refused: int


@job(
    every=timedelta(days=1), reads=[LifecyclePolicy], writes=[Registration, User, Resource, Account]
)
def end_registrations(call: Call) -> EndedRegistrations:
    """Delete users who registered but have not confirmed the address.

    A user is deleted when the period that the lifecycle policy has for invitations has passed since
    the link expired. Email and username are free again.
    """
    due = call.now - read_lifecycle_policy(call.table, call.now).invitation_validity
    items = call.table.query_index("gsi2", UNCONFIRMED, up_to=format_time(due), limit=ENDED_AT_MOST)
    # The index may lag, so each registration is read again before it is deleted.
    outcomes = Tally(_end(call.part(), str(item["id"]), due) for item in items)
    return EndedRegistrations(ended=outcomes["ended"], refused=outcomes["refused"])


def _end(call: Call, registration_id: str, due: datetime) -> Literal["ended", "refused", "not due"]:
    try:
        ended = retry_contended(partial(_end_if_due, call, registration_id, due))
    except Conflict:
        return "refused"
    if ended is None:
        return "not due"
    settle_account(call, ended.user_id)
    return "ended"


def _end_if_due(call: Call, registration_id: str, due: datetime) -> Registration | None:
    registration = call.table.find(Registration, registration_id)
    if registration is None or not registration.exists or registration.ends_at > due:
        return None
    erasing, requires = _erase_waiting(call, registration)
    return call.commit(
        Change(registration, registration.as_erased()),
        *erasing,
        answer=lambda written: written,
        requires=requires,
    )


def _erase_waiting(
    call: Call, registration: Registration
) -> tuple[list[Change[Any]], list[ConditionCheck]]:
    """The changes that delete the user in the same transaction; none for a user who has ever signed
    in or was activated by an admin.
    """
    user = call.table.find(User, registration.user_id)
    if user is None or user.last_login_at or not registration.waits_for(user):
        return [], []
    planned = plan_erasure(call, user)
    return [planned.change, *planned.releases], [planned.required]
