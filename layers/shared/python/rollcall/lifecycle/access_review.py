"""What admins should look through from time to time: who has access, and who should perhaps not
(L2).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rollcall.accounts.reconciliation import read_reconciliation
from rollcall.directory.conditions import KnownFacts, compile_condition, read_filter
from rollcall.directory.database import Database
from rollcall.invitations.invitation import InvitationStatus, listed_as, mark_end
from rollcall.kit.model import format_time
from rollcall.kit.table import Table
from rollcall.users.user import OUT_OF_STEP

LISTED_AT_MOST = 20
"""How many of each kind a mail names."""
GRACE = timedelta(minutes=15)
"""Accounts that have been out of step for less are most likely being mended."""
_ACTIVE = 'status eq "active"'
FILTERS: Mapping[str, str] = {
    "admins": f"{_ACTIVE} and isAdmin eq true",
    "without_groups": f"{_ACTIVE} and not (groups pr)",
    "never_signed_in": f"{_ACTIVE} and not (lastLoginAt pr)",
    "disabled": 'status eq "inactive" or status eq "suspended"',
}
"""Which users to look through: the filters by which lists select them, too."""


class Finding(NamedTuple):
    """What there is of one kind."""

    number: int
    named: tuple[str, ...]
    """The first of them, by what one knows them by."""
    request: str = ""
    """How to get all of them, if one can."""

    def describe(self) -> str:
        """As a mail lists them, in words of no language."""
        more = ["…"] if self.number > len(self.named) else []
        request = [self.request] if self.number and self.request else []
        return "\n".join([str(self.number), *(f"• {each}" for each in self.named), *more, *request])


def find_users(database: Database, now: datetime) -> dict[str, Finding]:
    """The users of each kind, in the order of their names."""
    return {name: _select(database, text, now) for name, text in FILTERS.items()}


def _select(database: Database, text: str, now: datetime) -> Finding:
    condition = compile_condition(read_filter(text), KnownFacts({}, now))
    with database.hold() as fetch:
        count = f"SELECT count(*) FROM users WHERE {condition.sql}"
        ((number,),) = fetch(count, condition.parameters)
        name = 'coalesce("email", "phone", "username", id)'
        first = f"SELECT {name} FROM users WHERE {condition.sql} ORDER BY 1 LIMIT ?"
        named = fetch(first, [*condition.parameters, LISTED_AT_MOST])
    request = f"GET /admin/users?filter={text}"
    return Finding(int(number), tuple(str(each) for (each,) in named), request)


def find_invitations(table: Table, now: datetime) -> dict[str, Finding]:
    """Those that nobody has accepted yet, in the order of their ends: what ends next first."""
    partition, end = listed_as(InvitationStatus.PENDING), mark_end(now)
    request = "GET /admin/invitations?status="
    pending = _look_up(table, "gsi2", partition, f"{request}pending", later_than=end)
    expired = _look_up(table, "gsi2", partition, f"{request}expired", up_to=end)
    return {"pending_invitations": pending, "expired_invitations": expired}


def find_differences(table: Table, now: datetime) -> dict[str, Finding]:
    """Between the table and the identity provider: the users whose accounts are not as they should
    be, those first who have been so longest, and the accounts that the last reconciliation has
    found to be nobody's, if there was one.
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
