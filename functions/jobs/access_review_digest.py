"""Scheduled job: a weekly digest of access for admins to review (L2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from rollcall.access.admins import find_admins
from rollcall.accounts.reconciliation import ReconciliationSummary
from rollcall.background import job
from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.invitations.invitation import Invitation
from rollcall.kit.call import Call
from rollcall.kit.job import Report
from rollcall.kit.mail import Mail
from rollcall.lifecycle.access_review import (
    Finding,
    find_differences,
    find_invitations,
    find_users,
)
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.mails.catalog import ACCESS_REVIEW, format_day
from rollcall.mails.notices import Recipient, send_once, write_notice


class AccessReview(Report):
    """The number of findings of each kind, and the number of notified admins."""

    admins: int
    without_groups: int
    never_signed_in: int
    disabled: int
    pending_invitations: int
    expired_invitations: int
    out_of_step: int
    orphans: int | None = None
    """None: no reconciliation has looked for them yet."""
    told: int


@job(
    every=timedelta(days=7),
    reads=[*DIRECTORY, Invitation, LifecyclePolicy, ReconciliationSummary],
    writes=[Mail],
)
def access_review_digest(call: Call) -> AccessReview:
    """Mail every platform admin a digest of users with questionable access. At most once a week,
    however often it runs.
    """
    found = {
        **find_users(open_directory(call, answers_within=None)),
        **find_invitations(call.table, call.now),
        **find_differences(call.table, call.now),
    }
    notified = _notify_admins(call, found)
    return AccessReview(**{name: each.number for name, each in found.items()}, told=notified)


def _notify_admins(call: Call, found: Mapping[str, Finding]) -> int:
    zone = read_lifecycle_policy(call.table, call.now).zone
    values = {name: each.describe() for name, each in found.items()}
    values["day"] = format_day(call.now, zone)
    week = f"{call.now.astimezone(zone):%G-W%V}"
    admins = [each for each in find_admins(call.table) if each.email]
    for admin in admins:
        notice = write_notice(call, ACCESS_REVIEW, Recipient.of(admin), values)
        send_once(call, f"access-review#{week}#{admin.id}", notice)
    return len(admins)
