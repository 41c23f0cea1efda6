"""The sweeps over users and accounts, which find and repair those that are out of sync (L3).

One sweep handles the users who are marked as out of sync. The other one, the full pass, compares
all accounts with their users, then looks up the accounts of all users. It continues over as many
runs as it takes; see :mod:`rollcall.accounts.position`.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from itertools import islice

from rollcall.accounts.convergence import converge_account
from rollcall.accounts.drift import Comparison, Standing, find_marked, look_closely
from rollcall.accounts.position import Listing, PassPosition
from rollcall.accounts.reconciliation import Findings, ReconciliationSummary, store_summary
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.errors import Problem
from rollcall.kit.identity import TokenRefused
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure, logger
from rollcall.users.storage import LISTED

SECONDS = 720
"""How long a run begins further work, of the 15 minutes of a Lambda invocation. The last page takes
up to a minute, if all of its accounts must be repaired."""
MARKED_SECONDS = 240
"""How much of it the marked users can take, at a third of a second each. So users who cannot be
repaired do not stop the full pass."""
USERS_AT_ONCE = 60
"""How many users a page has. Their accounts are looked up one after the other: Cognito has no
request for several. This takes two seconds, and stays far below the quota of 120 requests a second
(Cognito quotas, UserRead)."""


class Reconciliation(Report):
    """What a run found and did."""

    mended: int = 0
    failed: int = 0
    waiting: int = 0
    """Users who are out of sync only because an admin must set their password, or because their
    reset waits until the account is enabled again."""
    accounts: int = 0
    """Accounts that the full pass compared with their users in this run."""
    users: int = 0
    """Users whose accounts the full pass looked up in this run."""
    orphans: int = 0
    """Accounts without a user that it found in this run. The summary counts those of a whole pass.
    """
    restarted: bool = False
    """Whether the pass had to start again from the beginning."""
    overtaken: bool = False
    """Whether another run has continued the pass."""
    complete: bool = True
    """Whether nothing is left to the next run."""


def sweep_marked(call: Call, *, seconds: float = MARKED_SECONDS) -> Reconciliation:
    """Repair the users who are marked as out of sync, and leave the rest to the next run after so
    many seconds.
    """
    deadline = time.monotonic() + seconds
    outcomes, complete = Tally[str](), True
    for suspect in find_marked(call):
        if time.monotonic() > deadline:
            complete = False
            break
        outcomes[_settle(call, suspect)] += 1
    counts = {name: outcomes[name] for name in _OUTCOMES}
    return Reconciliation(complete=complete).model_copy(update=counts)


def begin_pass(call: Call, *, seconds: float = SECONDS) -> Reconciliation:
    """Begin a full pass, or continue the one that is under way."""
    position = PassPosition.read(call.table)
    if position is not None and not position.reported:
        return continue_pass(call, seconds=seconds)
    now = call.runtime.clock()
    first = PassPosition(started_at=now, moved_at=now)
    begun = first.replace(call.table, position, now)
    return _Pass(call, seconds).run(begun) if begun else _OVERTAKEN


def continue_pass(call: Call, *, seconds: float = SECONDS) -> Reconciliation:
    """Continue the full pass that is under way, if there is one."""
    position = PassPosition.read(call.table)
    if position is None or position.reported:
        return Reconciliation()
    sweep = _Pass(call, seconds)
    if position.is_abandoned(call.runtime.clock()):
        return sweep.run(sweep.restart(position, reason="it has not moved for an hour"))
    return sweep.run(position)


def add_reports(first: Reconciliation, second: Reconciliation) -> Reconciliation:
    """The report of a run that did both."""
    counts = {name: getattr(first, name) + getattr(second, name) for name in _COUNTS}
    complete = first.complete and second.complete
    return second.model_copy(update={**counts, "complete": complete})


class _Pass:
    """One run of a full pass."""

    def __init__(self, call: Call, seconds: float) -> None:
        self._call = call
        self._deadline = time.monotonic() + seconds
        self._comparison = Comparison(call)
        self._done = Findings()
        self._restarted = False

    def run(self, position: PassPosition | None) -> Reconciliation:
        """Continue from a position, until the pass is complete or the time is over. None: another
        run has continued it.
        """
        while position is not None and not position.reported:
            if time.monotonic() > self._deadline:
                return self._report(complete=False)
            before = position
            try:
                position = self._move(before)
            except TokenRefused as refused:
                # The next run continues, so that a run ends even if Cognito refuses every token.
                restarted = self.restart(before, reason=refused.code)
                return self._report(complete=False, overtaken=restarted is None)
        return self._report(complete=position is not None, overtaken=position is None)

    def restart(self, position: PassPosition, *, reason: str) -> PassPosition | None:
        """Start the pass again from the beginning."""
        logger.warning("reconciliation_restarted", reason=reason)
        self._restarted = True
        now = self._call.runtime.clock()
        return position.restarted(now).replace(self._call.table, position, now)

    def _move(self, position: PassPosition) -> PassPosition | None:
        """Handle one page, or complete the pass. Returns the new position as it is stored; None if
        another run has stored one.
        """
        if position.listing is Listing.ACCOUNTS:
            after = self._compare_accounts(position)
        elif position.listing is Listing.USERS:
            after = self._look_up_users(position)
        else:
            self._store_summary(position)
            after = position.model_copy(update={"reported": True})
        return after.replace(self._call.table, position, self._call.runtime.clock())

    def _compare_accounts(self, position: PassPosition) -> PassPosition:
        page = self._call.identity.list_accounts(position.token)
        suspects = self._comparison.suspect_accounts(page.accounts)
        found = self._settle_page(suspects, accounts=len(page.accounts))
        return position.after_accounts(page.token, position.findings.plus(found))

    def _look_up_users(self, position: PassPosition) -> PassPosition:
        users = list(islice(self._list_users(position.last_user), USERS_AT_ONCE))
        found = self._settle_page(self._comparison.suspect_users(users), users=len(users))
        last = users[-1] if len(users) == USERS_AT_ONCE else None
        return position.after_users(last, position.findings.plus(found))

    def _list_users(self, last: Item | None) -> Iterator[Item]:
        """The users after the last one, in the order of the index."""
        reached = last["gsi2pk"] if last else LISTED[0]
        for partition in LISTED[LISTED.index(reached) :]:
            after = last if partition == reached else None
            yield from self._call.table.query_index(
                "gsi2", partition, after=after, at_once=USERS_AT_ONCE
            )

    def _settle_page(self, suspects: Iterable[str], **looked_at: int) -> Findings:
        outcomes, orphans = Tally[str](), list[str]()
        for suspect in suspects:
            outcome = _settle(self._call, suspect)
            outcomes[outcome] += 1
            if outcome == Standing.ORPHAN:
                orphans.append(suspect)
        counts = {name: outcomes[name] for name in _OUTCOMES}
        found = Findings(**counts, **looked_at, orphans=len(orphans), orphan_ids=tuple(orphans))
        self._done = self._done.plus(found)
        return found

    def _store_summary(self, position: PassPosition) -> None:
        part = self._call.part()
        summary = ReconciliationSummary.of(part, position.findings, position.started_at)
        store_summary(part, summary)

    def _report(self, *, complete: bool, overtaken: bool = False) -> Reconciliation:
        return Reconciliation(
            **self._done.model_dump(exclude={"orphan_ids"}),
            restarted=self._restarted,
            complete=complete,
            overtaken=overtaken,
        )


def _settle(call: Call, suspect: str) -> str:
    """Handle one suspicion. Returns the standing if nothing is to be done; otherwise mended or
    failed.
    """
    part = call.part()
    try:
        standing = look_closely(part, suspect)
        if standing is not Standing.OUT_OF_STEP:
            return standing
        converge_account(part, suspect)
    except Problem as problem:  # one failure must not delay the others
        log_failure(call.action, problem, request_id=call.request_id)
        return "failed"
    return "mended"


_OUTCOMES = ("mended", "failed", "waiting")
_COUNTS = (*_OUTCOMES, "accounts", "users", "orphans")
_OVERTAKEN = Reconciliation(complete=False, overtaken=True)
