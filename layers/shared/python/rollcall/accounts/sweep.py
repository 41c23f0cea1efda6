"""The sweep over users and accounts, which finds and repairs those that are out of sync (L3)."""

from __future__ import annotations

import time
from collections import Counter as Tally

from rollcall.accounts.convergence import converge_account
from rollcall.accounts.drift import Standing, Suspicions, look_closely
from rollcall.accounts.reconciliation import ReconciliationSummary, store_summary
from rollcall.kit.call import Call
from rollcall.kit.errors import Problem
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure

REPAIRED_AT_MOST = 2_000
"""How many accounts one sweep can repair in its time, at a third of a second each."""
SECONDS = 720
"""How long a sweep accepts further suspicions, of the 15 minutes of a Lambda invocation."""


class Reconciliation(Report):
    """What a sweep found and what it did."""

    accounts: int
    mended: int = 0
    failed: int = 0
    waiting: int = 0
    """Users who are out of sync only because an admin must set their password, or because their
    reset waits until the account is enabled again."""
    left_over: int = 0
    """Out of sync, and left to the next run."""
    orphans: int = 0
    """Accounts without a user."""
    complete: bool = True
    """Whether the sweep finished in time."""


def sweep_identities(
    call: Call, *, at_most: int = REPAIRED_AT_MOST, seconds: float = SECONDS
) -> Reconciliation:
    """Repair so many accounts at most, stop after so many seconds, and store the summary."""
    suspicions, done = Suspicions(call, time.monotonic() + seconds), Tally[str]()
    orphan_ids: list[str] = []
    for suspect in suspicions:
        outcome = _settle(call, suspect, repair=done["mended"] + done["failed"] < at_most)
        done[outcome] += 1
        if outcome == Standing.ORPHAN:
            orphan_ids.append(suspect)
    numbers = {name: done[name] for name in ("mended", "failed", "waiting", "left_over")}
    out_of_step = done["failed"] + done["waiting"] + done["left_over"]
    summary = ReconciliationSummary.of(
        call, out_of_step=out_of_step, failed=done["failed"], orphan_ids=orphan_ids
    )
    store_summary(call, summary)
    return Reconciliation(
        accounts=len(suspicions.accounts),
        orphans=len(orphan_ids),
        complete=suspicions.complete,
        **numbers,
    )


def _settle(call: Call, suspect: str, *, repair: bool) -> str:
    """Handle one suspicion. Returns the standing if nothing is to be done; otherwise mended, failed
    or left_over.
    """
    part = call.part()
    try:
        standing = look_closely(part, suspect)
        if standing is not Standing.OUT_OF_STEP:
            return standing
        if not repair:
            return "left_over"
        converge_account(part, suspect)
    except Problem as problem:  # one failure must not delay the others
        log_failure(call.action, problem, request_id=call.request_id)
        return "failed"
    return "mended"
