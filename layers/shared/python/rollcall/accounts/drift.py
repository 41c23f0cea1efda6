"""Drift between Cognito accounts and users: how it is suspected, and how it is confirmed (L3).

Lists and indexes may lag, so they only raise a suspicion. Reading the account and the user confirms
it, before anything is done or reported about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from rollcall.kit.account import FoundAccount
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.identity import IdentityRefused
from rollcall.kit.model import format_time
from rollcall.users.storage import ADMINS_LISTED, OUT_OF_STEP
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


def find_marked(call: Call) -> Iterator[str]:
    """The ids of the users who are marked as out of sync, the earliest change first."""
    due = format_time(call.now - GRACE)
    for item in call.table.query_index("gsi1", OUT_OF_STEP, up_to=due):
        yield str(item["id"])


class Comparison:
    """Compares accounts with users and users with accounts, a page at a time. Of all accounts, only
    the platform admins are in memory.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._due = call.now - GRACE

    def suspect_accounts(self, accounts: Sequence[FoundAccount]) -> list[str]:
        """The ids of the accounts that may differ from their user, or may have none. Users who are
        marked as out of sync are left to :meth:`suspect_users`, so that none is handled twice.
        """
        keys = [User.key_of(account.id) for account in accounts]
        items = self._call.table.get_items(keys).values()
        users = (User.assemble([each, *self._admin_rows.get(each["pk"], ())]) for each in items)
        known = {user.id: user for user in users if user is not None}
        return [each.id for each in accounts if self._is_suspect(each, known.get(each.id))]

    def suspect_users(self, items: Sequence[Item]) -> list[str]:
        """The ids of the users, from an index that lists them, who may have no account, or are
        marked as out of sync.
        """
        due = format_time(self._due)
        old = (item for item in items if item["updatedAt"] <= due)
        return [
            str(item["id"])
            for item in old
            if item.get("gsi1pk") == OUT_OF_STEP or not self._has_account(item["id"])
        ]

    def _is_suspect(self, account: FoundAccount, user: User | None) -> bool:
        if user is None:
            return _is_old(account, self._due)
        # No index lists the tombstones of erased users.
        is_due = (user.in_step or user.erased) and user.updated_at <= self._due
        return is_due and _differs(account, user, self._admins)

    def _has_account(self, user_id: str) -> bool:
        try:
            return self._call.identity.find(user_id) is not None
        except IdentityRefused:  # the closer look reports the user as failed
            return False

    @cached_property
    def _admins(self) -> frozenset[str]:
        """The accounts in Cognito's group of admins."""
        return frozenset(self._call.identity.iterate_admins())

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
