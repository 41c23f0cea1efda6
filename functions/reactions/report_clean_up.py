"""Stream reaction: report the clean-up to the admins (L1)."""

from __future__ import annotations

from collections.abc import Mapping

from rollcall.access.admins import find_admins
from rollcall.background import stream_reaction
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.lifecycle.decisions import Deed
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.lifecycle.runs import LifecycleRun, Outcome, RunStatus
from rollcall.mails.catalog import CLEAN_UP_REPORT, format_day
from rollcall.mails.notices import Recipient, send_once, write_notice
from rollcall.users.user import User


@stream_reaction(on=[LifecycleRun], reads=[User, LifecycleRun, LifecyclePolicy], writes=[Mail])
def report_clean_up(entry: JournalEntry, call: Call) -> None:
    """Mail every platform admin a report at the end of a clean-up run, unless it took no action."""
    status = entry.changes.get("status")
    if status is None or status.after == RunStatus.RUNNING:
        return
    run = call.table.find(LifecycleRun, entry.target.id)
    if run is None or not (run.steps or run.stopped_for):
        return
    zone = read_lifecycle_policy(call.table, call.now).zone
    values = {**_describe(run), "day": format_day(run.created_at, zone)}
    for admin in find_admins(call.table):
        if admin.email is not None:
            notice = write_notice(call, CLEAN_UP_REPORT, Recipient.of(admin), values)
            send_once(call, f"{entry.id}#{admin.id}", notice)


def _describe(run: LifecycleRun) -> Mapping[str, str]:
    values = {"run": run.id, "users": str(run.users)}
    values |= {each.value: str(run.outcomes.get(each, 0)) for each in Outcome}
    if run.unreachable:
        values["unreachable"] = str(run.unreachable)
    if run.stopped_for:
        values |= {f"due_{each}": str(run.due.get(each, 0)) for each in Deed}
        values[run.stopped_for.value] = run.stopped_detail or run.stopped_for.value
    return values
