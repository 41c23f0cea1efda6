"""The access review: users, invitations and accounts that admins should check regularly (L2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rollcall.accounts.reconciliation import read_reconciliation
from rollcall.directory.conditions import NO_FACTS, compile_condition, read_filter
from rollcall.directory.database import Database
from rollcall.directory.user_queries import find_matches
from rollcall.invitations.invitation import InvitationStatus, listed_as, mark_expiry
from rollcall.kit.model import format_time
from rollcall.kit.table import Table
from rollcall.users.storage import OUT_OF_STEP

LISTED_AT_MOST = 20
"""The most entries that a mail lists of each kind."""
GRACE = timedelta(minutes=15)
"""Accounts that have been out of sync for a shorter time are probably being repaired."""
_ACTIVE = 'status eq "active"'
FILTERS: Mapping[str, str] = {
    "admins": f"{_ACTIVE} and isAdmin eq true",
    "without_groups": f"{_ACTIVE} and not (groups pr)",
    "never_signed_in": f"{_ACTIVE} and not (lastLoginAt pr)",
    "disabled": 'status eq "inactive" or status eq "suspended"',
}
"""The users to check, as filters that lists also accept."""


class Finding(NamedTuple):
    """The entries of one kind."""

    number: int
    named: tuple[str, ...]
    """The first of them, by email, phone, username or id."""
    request: str = ""
    """The request that lists all of them, if there is one."""

    def describe(self) -> str:
        """The entries as a mail lists them, independent of its language."""
        more = ["…"] if self.number > len(self.named) else []
        request = [self.request] if self.number and self.request else []
        return "\n".join([str(self.number), *(f"• {each}" for each in self.named), *more, *request])


def find_users(database: Database) -> dict[str, Finding]:
    """The users of each kind, in alphabetical order."""
    return {name: _select(database, text) for name, text in FILTERS.items()}


def _select(database: Database, text: str) -> Finding:
    condition = compile_condition(read_filter(text), NO_FACTS)
    found = find_matches(database, condition, LISTED_AT_MOST)
    return Finding(found.number, found.first, f"GET /admin/users?filter={text}")


def find_invitations(table: Table, now: datetime) -> dict[str, Finding]:
    """The invitations that were not accepted, by expiry, earliest first."""
    partition, end = listed_as(InvitationStatus.PENDING), mark_expiry(now)
    request = "GET /admin/invitations?status="
    pending = _look_up(table, "gsi2", partition, f"{request}pending", later_than=end)
    expired = _look_up(table, "gsi2", partition, f"{request}expired", up_to=end)
    return {"pending_invitations": pending, "expired_invitations": expired}


def find_differences(table: Table, now: datetime) -> dict[str, Finding]:
    """The differences between the table and the identity provider: users whose accounts are out of
    sync, longest first, and accounts without a user, if a reconciliation has run.
    """
    found = {"out_of_step": _look_up(table, "gsi1", OUT_OF_STEP, up_to=format_time(now - GRACE))}
    if (summary := read_reconciliation(table)) is not None:
        found["orphans"] = Finding(summary.orphans, summary.orphan_ids)
    return found


def _look_up(
    table: Table,
    index: str,
    partition: str,
    request: str = "",
    *,
    up_to: str | None = None,
    later_than: str | None = None,
) -> Finding:
    number = table.count_index(index, partition, up_to=up_to, later_than=later_than)
    first = table.query_index(
        index, partition, up_to=up_to, later_than=later_than, limit=LISTED_AT_MOST
    )
    return Finding(number, tuple(map(_name, first)), request)


def _name(item: Mapping[str, Any]) -> str:
    known = (item.get(name) for name in ("email", "phone", "username", "id"))
    return next(str(each) for each in known if each)
