"""The sweep over users and accounts: whatever is out of step is found, confirmed and mended (L3).

Lists and indexes may lag, so they only raise a suspicion; each is confirmed by reading the account
and the user themselves before anything is done or reported about it.
"""

from __future__ import annotations

import time
from collections import Counter as Tally

from rollcall.accounts.convergence import converge_account
from rollcall.accounts.drift import Standing, Suspicions, look_closely
from rollcall.accounts.reconciliation import ReconciliationSummary, keep_summary
from rollcall.kit.call import Call
from rollcall.kit.errors import Problem
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure

MENDED_AT_MOST = 2_000
"""What one sweep can mend within its time, with a third of a second for each."""
SECONDS = 720
"""How long a sweep takes up further suspicions, of the 15 minutes that Lambda gives it."""


class Reconciliation(Report):
    """What was found and what was done about it."""

    accounts: int
    mended: int = 0
    failed: int = 0
    waiting: int = 0
    """Users who wait for a password that only their admin knows, or a reset for the account to be
    open again; nothing else is wrong with them."""
    left_over: int = 0
    """Out of step, too, and the next run's work."""
    orphans: int = 0
    """Accounts that no user has."""
    complete: bool = True
    """Whether there was time for everybody."""


def sweep_identities(
    call: Call, *, at_most: int = MENDED_AT_MOST, seconds: float = SECONDS
) -> Reconciliation:
    """Mend so many, take up others for so many seconds, and keep the summary of it all."""
    suspicions, done = Suspicions(call, time.monotonic() + seconds), Tally[str]()
    orphan_ids: list[str] = []
    for suspect in suspicions:
        outcome = _settle(call, suspect, mend=done["mended"] + done["failed"] < at_most)
        done[outcome] += 1
        if outcome == Standing.ORPHAN:
            orphan_ids.append(suspect)
    numbers = {name: done[name] for name in ("mended", "failed", "waiting", "left_over")}
    still = done["failed"] + done["waiting"] + done["left_over"]
    summary = ReconciliationSummary.of(
        call, out_of_step=still, failed=done["failed"], orphan_ids=orphan_ids
    )
    keep_summary(call, summary)
    return Reconciliation(
        accounts=len(suspicions.accounts),
        orphans=len(orphan_ids),
        complete=suspicions.complete,
        **numbers,
    )


def _settle(call: Call, suspect: str, *, mend: bool) -> str:
    """What became of one suspicion: a standing that needs nothing done, or mended, failed, or
    left_over.
    """
    part = call.part()
    try:
        standing = look_closely(part, suspect)
        if standing is not Standing.OUT_OF_STEP:
            return standing
        if not mend:
            return "left_over"
        converge_account(part, suspect)
    except Problem as problem:  # one that cannot be mended must not keep the others waiting
        log_failure(call.action, problem, request_id=call.request_id)
        return "failed"
    return "mended"
