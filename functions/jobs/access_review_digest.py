"""Scheduled job: what admins should look through once a week (L2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rollcall.admins import find_admins
from rollcall.background import job
from rollcall.directory.access_review import Finding, find_all
from rollcall.directory.directory import DIRECTORY, open_directory
from rollcall.directory.intervals import to_local
from rollcall.kit.call import Call
from rollcall.kit.job import Report
from rollcall.kit.mail import Mail
from rollcall.kit.model import format_time
from rollcall.lifecycle_policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.notices import Notice, send_once
from rollcall.users import OUT_OF_STEP

GRACE = timedelta(minutes=15)
"""Accounts that have been out of step for less are most likely being mended."""


class AccessReview(Report):
    """How many users there are of each kind, and how many admins were told."""

    admins: int
    without_groups: int
    never_signed_in: int
    disabled: int
    pending_invitations: int
    expired_invitations: int
    out_of_step: int
    told: int


@job(every=timedelta(days=7), reads=[*DIRECTORY, LifecyclePolicy], writes=[Mail])
def access_review_digest(call: Call) -> AccessReview:
    """Mail every platform admin who has access and perhaps should not: once a week, however often
    it runs.
    """
    policy = read_lifecycle_policy(call.table, call.now)
    found = find_all(open_directory(call), policy, call.now)
    up_to = format_time(call.now - GRACE)
    out_of_step = call.table.count_index("gsi1", OUT_OF_STEP, up_to=up_to)
    today = to_local(call.now, policy.zone)
    product = call.settings.product_name
    subject = f"{product}: access review, {today:%d %B %Y}"
    text = _describe(found.values(), out_of_step)
    addresses = {each.id: each.email for each in find_admins(call.table) if each.email}
    for admin_id, address in addresses.items():
        send_once(call, f"access-review#{today:%G-W%V}#{admin_id}", Notice(address, subject, text))
    numbers = {name: each.number for name, each in found.items()}
    return AccessReview(**numbers, out_of_step=out_of_step, told=len(addresses))


def _describe(found: Iterable[Finding], out_of_step: int) -> str:
    parts = [line for each in found for line in _describe_one(each)]
    parts.append(
        f"Accounts that the identity provider does not have as they should be: {out_of_step}"
    )
    return "\n".join([*parts, ""])


def _describe_one(finding: Finding) -> Iterable[str]:
    yield f"{finding.words}: {finding.number}"
    yield from (f"  {each}" for each in finding.named)
    if finding.number > len(finding.named):
        yield f"  and {finding.number - len(finding.named)} more"
    if finding.number:
        yield f"  All: GET /admin/users?filter={finding.filter}"
    yield ""
