"""The position of a full pass over all accounts and all users, stored after each page (L3).

A pass takes as many runs as it needs. A run that stops anywhere loses at most one page of work, and
of two runs that overlap, one stops: each position replaces only the one that was read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from rollcall.accounts.reconciliation import Findings, ReconciliationSummary
from rollcall.kit.entity import Item, Key, Row
from rollcall.kit.model import Time
from rollcall.kit.table import INDEXES, PARTITION_KEY, SORT_KEY, Table

ABANDONED_AFTER = timedelta(hours=1)
"""A pass that has not moved for longer starts again from the beginning. The table may have been
restored meanwhile, with an old position in it, and Cognito does not say how long it accepts the
token of a list (ListUsers in the API reference).
"""
_INDEX = "gsi2"


class Listing(StrEnum):
    """What a pass lists: first all accounts, then all users."""

    ACCOUNTS = "accounts"
    USERS = "users"
    COMPLETE = "complete"
    """The summary of the pass is stored, or is the only part missing."""


class PassPosition(Row):
    """The one item with the position of the current pass, or of the last one."""

    partition: ClassVar[str] = ReconciliationSummary.partition

    revision: int = 1
    """Each stored position has the next one."""
    started_at: Time
    moved_at: Time
    listing: Listing = Listing.ACCOUNTS
    token: str | None = None
    """Cognito's token for the next page of accounts; None: the first page."""
    last_user: Item | None = None
    """The keys of the last user whose account was looked up; None: the first page."""
    reported: bool = False
    """Whether the summary of the pass is stored."""
    restarts: int = 0
    """How often this pass has started again, because Cognito refused the token or because it had
    not moved for too long."""
    findings: Findings = Findings()

    def key(self) -> Key:
        """The key of the only item of this kind."""
        return _POSITION

    @classmethod
    def read(cls, table: Table) -> Self | None:
        """The stored position; None before the first pass."""
        item = table.get_item(_POSITION)
        return cls.model_validate(item) if item else None

    def is_abandoned(self, now: datetime) -> bool:
        """Whether the pass is under way, but has not moved for too long."""
        return not self.reported and now - self.moved_at > ABANDONED_AFTER

    def restarted(self, now: datetime) -> Self:
        """The beginning of the same pass."""
        return type(self)(started_at=now, moved_at=now, restarts=self.restarts + 1)

    def after_accounts(self, token: str | None, findings: Findings) -> Self:
        """The position after a page of accounts. Without a token, it was the last one."""
        listing = Listing.ACCOUNTS if token else Listing.USERS
        return self.model_copy(update={"listing": listing, "token": token, "findings": findings})

    def after_users(self, last: Item | None, findings: Findings) -> Self:
        """The position after a page of users. Without a last one, there were none left."""
        if last is None:
            return self.model_copy(update={"listing": Listing.COMPLETE, "findings": findings})
        names = (PARTITION_KEY, SORT_KEY, *INDEXES[_INDEX])
        keys = {name: str(last[name]) for name in names}
        return self.model_copy(update={"last_user": keys, "findings": findings})

    def replace(self, table: Table, before: Self | None, now: datetime) -> Self | None:
        """Store this position, and return it as it is stored. None if ``before`` is no longer the
        stored one.
        """
        revision = before.revision + 1 if before else 1
        after = self.model_copy(update={"revision": revision, "moved_at": now})
        if before is None:
            return after if table.put_once(after.item()) else None
        values = {name: value for name, value in after.item().items() if name not in _KEYS}
        stored = table.update_unversioned(
            _POSITION,
            values,
            remove=[name for name in ("token", "lastUser") if name not in values],
            when={"revision": before.revision},
        )
        return after if stored else None


_POSITION = Key(PassPosition.partition, "PASS")
_KEYS = (PARTITION_KEY, SORT_KEY)
