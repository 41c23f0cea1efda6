"""The sweep over users and accounts: whatever is out of step is found, confirmed and mended (L3).

Lists and indexes may lag, so they only raise a suspicion; each is confirmed by reading the account
and the user themselves before anything is done or reported about it.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import batched, chain

from rollcall.accounts.convergence import converge_account
from rollcall.accounts.reconciliation import ReconciliationSummary, keep_summary
from rollcall.kit.call import Call
from rollcall.kit.errors import Problem
from rollcall.kit.identity import FoundAccount
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure
from rollcall.kit.model import format_time
from rollcall.users.user import LISTED, OUT_OF_STEP, User

GRACE = timedelta(minutes=15)
"""Users changed and accounts made since then are most likely being worked on by their own operation
or its reaction."""
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


class Standing(StrEnum):
    """How an account and its user stand to each other."""

    IN_STEP = "in_step"
    YOUNG = "young"
    WAITING = "waiting"
    OUT_OF_STEP = "out_of_step"
    ORPHAN = "orphan"


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


class Suspicions:
    """Ids of users and accounts with whom something may be wrong, each once: users marked as out of
    step, then accounts that differ from their user, then users without an account, then accounts
    without a user. They end at the deadline, on Python's monotonic clock.
    """

    def __init__(self, call: Call, deadline: float) -> None:
        self.accounts: set[str] = set()
        """The accounts that were listed so far."""
        self.complete = True
        """Whether they have not ended before their time."""
        self._call = call
        self._deadline = deadline
        self._due = call.now - GRACE
        self._unknown: list[str] = []

    def __iter__(self) -> Iterator[str]:
        raised: set[str] = set()
        walks = (self._find_marked, self._find_differing, self._find_without_account)
        for suspect in chain.from_iterable([*(walk() for walk in walks), self._unknown]):
            if not self._in_time():
                return
            if suspect not in raised:
                raised.add(suspect)
                yield suspect

    def _in_time(self) -> bool:
        self.complete = self.complete and time.monotonic() <= self._deadline
        return self.complete

    def _find_marked(self) -> Iterator[str]:
        due = format_time(self._due)
        for item in self._call.table.query_index("gsi1", OUT_OF_STEP, up_to=due):
            yield str(item["id"])

    def _find_differing(self) -> Iterator[str]:
        identity = self._call.identity
        admins = frozenset(identity.iterate_admins())
        for accounts in batched(identity.iterate_accounts(), 60, strict=False):
            if not self._in_time():
                return
            users = self._users_of(accounts)
            self.accounts.update(account.id for account in accounts)
            for account in accounts:
                user = users.get(account.id)
                if user is None:
                    self._note_unknown(account)
                elif user.updated_at <= self._due and _differs(account, user, admins):
                    yield account.id

    def _find_without_account(self) -> Iterator[str]:
        due = format_time(self._due)
        for partition in LISTED if self.complete else ():
            for item in self._call.table.query_index("gsi2", partition):
                if item["id"] not in self.accounts and item["updatedAt"] <= due:
                    yield str(item["id"])

    def _note_unknown(self, account: FoundAccount) -> None:
        if _is_old(account, self._due):
            self._unknown.append(account.id)

    def _users_of(self, accounts: Iterable[FoundAccount]) -> dict[str, User]:
        keys = [User.key_of(account.id) for account in accounts]
        users = (User.assemble([item]) for item in self._call.table.get_items(keys).values())
        return {user.id: user for user in users if user is not None}


def look_closely(call: Call, suspect: str) -> Standing:
    """How an account and a user of this id really stand to each other, by reads that do not lag.

    The account is read first: whoever is made meanwhile has the user before the account, and so is
    no orphan.
    """
    account = call.identity.find(suspect)
    user = call.table.find(User, suspect)
    due = call.now - GRACE
    if user is None:
        if account is None or account.id != suspect:  # gone, or another's sign-in alias
            return Standing.IN_STEP
        return Standing.ORPHAN if _is_old(account, due) else Standing.YOUNG
    if user.updated_at > due:
        return Standing.YOUNG
    if _is_unlike(call, account, user):
        return Standing.OUT_OF_STEP
    if user.pending_credential is None:
        return Standing.IN_STEP
    return Standing.WAITING if _waits(user) else Standing.OUT_OF_STEP


def _waits(user: User) -> bool:
    """Whether nobody but somebody else can go on with the password; see accounts.py."""
    closed = not user.account().enabled
    return user.pending_credential == "password" or (closed and user.pending_credential == "reset")


def _is_unlike(call: Call, account: FoundAccount | None, user: User) -> bool:
    if user.identity_version != user.version:
        return True
    if account is None or user.erased:
        return account is not None or not user.erased
    admins = frozenset({user.id} if call.identity.is_admin(user.id) else ())
    return _differs(account, user, admins)


def _differs(account: FoundAccount, user: User, admins: frozenset[str]) -> bool:
    misplaced = (account.id in admins) != user.is_admin
    return user.erased or misplaced or account.differs_from(user.account())


def _is_old(account: FoundAccount, due: datetime) -> bool:
    return account.created_at is None or account.created_at <= due
