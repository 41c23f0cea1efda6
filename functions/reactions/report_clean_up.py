"""Stream reaction: the admins hear of what the clean-up did (L1)."""

from __future__ import annotations

from rollcall.admins import find_admins
from rollcall.background import stream_reaction
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.lifecycle_runs import STOPPED_FOR, LifecycleRun, Outcome, RunStatus
from rollcall.notices import Notice, send_once
from rollcall.users import User


@stream_reaction(on=[LifecycleRun], reads=[User, LifecycleRun], writes=[Mail])
def report_clean_up(entry: JournalEntry, call: Call) -> None:
    """Mail every platform admin what a run of the clean-up did, at its end; not of a run that found
    nothing to do.
    """
    status = entry.changes.get("status")
    if status is None or status.after == RunStatus.RUNNING:
        return
    run = call.table.find(LifecycleRun, entry.target.id)
    if run is None or not (run.steps or run.stopped_for):
        return
    product = call.settings.product_name
    subject = f"{product}: clean-up of inactive accounts, {run.created_at:%d %B %Y}"
    for admin in find_admins(call.table):
        if admin.email is not None:
            mark = f"{entry.id}#{admin.id}"
            send_once(call, mark, Notice(admin.email, subject, _describe(run)))


def _describe(run: LifecycleRun) -> str:
    lines = [f"{outcome.value}: {run.outcomes.get(outcome, 0)}" for outcome in Outcome]
    if run.stopped_for:
        due = ", ".join(f"{deed.value} {number}" for deed, number in sorted(run.due.items()))
        lines += ["", f"It was stopped. {STOPPED_FOR[run.stopped_for]} Due were: {due or 'none'}."]
    lines += ["", f"All rows: GET /admin/lifecycle-runs/{run.id}", ""]
    return "\n".join([f"Of {run.users} users:", "", *lines])
