"""Scheduled job: deletion of grants that expired long ago (R2)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from rollcall.background import job
from rollcall.grants.grant import Grant, Membership
from rollcall.kit.call import Call
from rollcall.kit.errors import StillContended
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure
from rollcall.kit.model import format_time
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.storage import GRANTS_END_AT, LISTED
from rollcall.users.user import User

KEPT = timedelta(days=30)
"""How long an expired grant remains visible on the user and can be extended."""
CLEARED_AT_MOST = 5_000
"""Users per run: at two requests each, Lambda's 15 minutes leave a sixth of a second for each. The
rest waits for the next run, and has no effect meanwhile.
"""
AT_ONCE = 30
"""Grants per transaction: a membership in an organization takes three of its 100 actions (the row,
the organization's members, the role's holders), and the user, its journal entry and its resources
take one each.
"""


class Cleared(Report):
    """How many grants of how many users were deleted; how many memberships stay because of active
    workspaces; and how many users wait for the next run because of concurrent changes.
    """

    users: int
    grants: int
    kept: int
    contended: int


class Step(NamedTuple):
    """The result for the expired grants of one user."""

    cleared: int
    kept: int
    left: int


@job(every=timedelta(days=1), writes=[User])
def clear_ended_grants(call: Call) -> Cleared:
    """Delete the grants that expired 30 days ago or earlier.

    They have had no effect since then, but until they are deleted, a role, a group or an
    organization still counts them among its holders or members.
    """
    return clear_users(call)


def clear_users(call: Call, at_most: int = CLEARED_AT_MOST) -> Cleared:
    """Delete expired grants of at most this many users. Users without such grants do not count."""
    users = grants = kept = contended = 0
    for user_id in _find_due(call):
        try:
            done = _clear(call, user_id)
        except StillContended as problem:  # one user must not delay the others
            log_failure(call.action, problem, request_id=call.request_id)
            contended += 1
            continue
        users, grants, kept = users + bool(done.cleared), grants + done.cleared, kept + done.kept
        if users == at_most:
            break
    return Cleared(users=users, grants=grants, kept=kept, contended=contended)


def _find_due(call: Call) -> Iterator[str]:
    due = format_time(call.now - KEPT)
    for partition in LISTED:
        for item in call.table.query_index("gsi2", partition):
            if GRANTS_END_AT in item and item[GRANTS_END_AT] <= due:
                yield str(item["id"])


def _clear(call: Call, user_id: str) -> Step:
    cleared = 0
    while True:
        step = retry_contended(partial(_clear_next, call.part(), user_id))
        cleared += step.cleared
        if not step.left:
            return Step(cleared, step.kept, 0)


def _clear_next(call: Call, user_id: str) -> Step:
    """Delete as many as one transaction allows. The index may lag, so the user is read again."""
    user = call.table.find(User, user_id)
    if user is None or user.erased:  # the grants of a tombstone are deleted with it
        return Step(0, 0, 0)
    due = call.now - KEPT
    ended = [each for each in user.grants if each.ends_at and each.ends_at <= due]
    clearable = [each for each in ended if not _is_busy(user, each)]
    remaining = user
    for grant in clearable[:AT_ONCE]:
        remaining = remaining.without_grant(grant)
    requires = [user.owned.unchanged(user.id)]
    call.commit(Change(user, remaining), answer=lambda written: written, requires=requires)
    cleared = min(len(clearable), AT_ONCE)
    return Step(cleared, kept=len(ended) - len(clearable), left=len(clearable) - cleared)


def _is_busy(user: User, grant: Grant) -> bool:
    """Whether the user has active workspaces in the group, which only members can have."""
    return isinstance(grant, Membership) and grant.group_id in user.owned.active_in_group
