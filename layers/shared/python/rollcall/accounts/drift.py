"""Drift between Cognito accounts and users: how it is suspected, and how it is confirmed (L3).

Lists and indexes may lag, so they only raise a suspicion. Reading the account and the user confirms
it, before anything is done or reported about it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import batched, chain

from rollcall.kit.account import FoundAccount
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.model import format_time
from rollcall.users.storage import ADMINS_LISTED, LISTED, OUT_OF_STEP
from rollcall.users.user import User

GRACE = timedelta(minutes=15)
"""The operation that changed a user or created an account since then, or its reaction, is probably
still working on it."""


class Standing(StrEnum):
    """How an account and its user relate to each other."""

    IN_STEP = "in_step"
    YOUNG = "young"
    WAITING = "waiting"
    OUT_OF_STEP = "out_of_step"
    ORPHAN = "orphan"


class Suspicions:
    """Ids of users and accounts that may be out of sync, each once: users marked as out of sync,
    accounts that differ from their user, users without an account, and accounts without a user, in
    this order. The iteration stops at the deadline, on Python's monotonic clock.
    """

    def __init__(self, call: Call, deadline: float) -> None:
        self.accounts: set[str] = set()
        """The accounts that have been listed so far."""
        self.complete = True
        """Whether the deadline has not stopped the iteration."""
        self._call = call
        self._deadline = deadline
        self._due = call.now - GRACE
        self._unknown: list[str] = []

    def __iter__(self) -> Iterator[str]:
        raised: set[str] = set()
        searches = (self._find_marked, self._find_differing, self._find_without_account)
        for suspect in chain.from_iterable([*(search() for search in searches), self._unknown]):
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
        items = self._call.table.get_items(keys).values()
        users = (User.assemble([each, *self._admin_rows.get(each["pk"], ())]) for each in items)
        return {user.id: user for user in users if user is not None}

    @cached_property
    def _admin_rows(self) -> dict[str, list[Item]]:
        """The grants that make users platform admins, by partition."""
        listed = self._call.table.query_index("gsi2", ADMINS_LISTED)
        return {item["pk"]: [item] for item in listed}


def look_closely(call: Call, suspect: str) -> Standing:
    """How the account and the user with this id relate to each other, by reads that do not lag.

    The account is read first. A user who is created meanwhile exists before the account, so the
    account is not mistaken for an orphan.
    """
    account = call.identity.find(suspect)
    user = call.table.find(User, suspect)
    due = call.now - GRACE
    if user is None:
        if account is None or account.id != suspect:  # deleted, or an alias of another account
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
    """Whether the pending credential needs an admin; see Reconciliation.waiting."""
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
