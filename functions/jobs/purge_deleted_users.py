"""Scheduled job: the purge of soft-deleted users (L1, U11)."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import timedelta
from typing import Literal

from rollcall.accounts.settlement import settle_account
from rollcall.background import job
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.errors import Conflict
from rollcall.kit.job import Report
from rollcall.kit.model import format_time
from rollcall.kit.retry import retry_contended
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.resources.deletion import erase_user
from rollcall.resources.resource import Resource
from rollcall.users.statuses import Status
from rollcall.users.storage import SOFT_DELETED
from rollcall.users.user import User

PURGED_AT_MOST = 2_000
"""The most users that one run can delete in Lambda's 15 minutes at half of Cognito's deletion
quota. The rest waits for the next run.
"""


class Purged(Report):
    """How many were permanently deleted, and how many stay because of their resources."""

    purged: int
    refused: int


@job(every=timedelta(days=1), reads=[LifecyclePolicy], writes=[User, Resource, Account])
def purge_deleted_users(call: Call) -> Purged:
    """Permanently delete the soft-deleted users who can no longer be restored under the lifecycle
    policy.
    """
    policy = read_lifecycle_policy(call.table, call.now)
    kept = timedelta(days=policy.purge_deleted_after_days)
    due = format_time(call.now - kept)
    items = call.table.query_index("gsi2", SOFT_DELETED, up_to=due, limit=PURGED_AT_MOST)
    # The index may lag, so each user is read again before the deletion.
    outcomes = Tally(_purge(call.part(), str(item["id"]), kept) for item in items)
    return Purged(purged=outcomes["purged"], refused=outcomes["refused"])


def _purge(call: Call, user_id: str, kept: timedelta) -> Literal["purged", "refused", "not due"]:
    try:
        due = retry_contended(lambda: _erase_if_due(call, user_id, kept))
    except Conflict:
        return "refused"
    if not due:
        return "not due"
    settle_account(call, user_id)
    return "purged"


def _erase_if_due(call: Call, user_id: str, kept: timedelta) -> bool:
    user = call.table.find(User, user_id)
    if user is None or user.erased or user.status is not Status.DELETED:
        return False
    if user.deleted_at is None or user.deleted_at > call.now - kept:
        return False
    erase_user(call, user, "User purged")
    return True
