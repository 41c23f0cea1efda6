"""The queries for all engines, as requests to the API and in SQL.

The SQL runs in PostgreSQL and in SQLite. A dialect has the parts that differ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from rollcall.directory.columns import find_column
from rollcall.directory.statistics import UserStatistics
from tests.benchmarks.directory.synthetic_users import GROUPS, NOW

A_PAGE = 25
"""The number of rows on a page."""


class Dialect(ABC):
    """The parts of SQL that differ between engines."""

    @abstractmethod
    def contains(self, text: str) -> str:
        """The condition that a user's searchable texts contain a word, using the index."""

    @abstractmethod
    def in_any_group(self, group_ids: Sequence[str]) -> str:
        """The condition that a user is in one of these groups."""

    @abstractmethod
    def order_by(self, key: str, way: str, prefix: str = "") -> str:
        """The order by a column with absent values last, as in an index."""


class ListUsers(NamedTuple):
    """One page of users, with the exact total."""

    request: Mapping[str, object]
    """The request to the API."""
    where: Callable[[Dialect], str] = lambda _: "TRUE"
    """The same filters in SQL, without the exclusion of soft-deleted users."""

    @property
    def order(self) -> tuple[str, str]:
        """The sort column, and the direction."""
        column = find_column(str(self.request.get("sortBy", "createdAt")))
        if column is None:
            raise ValueError(f"Nobody can sort by {self.request['sortBy']}.")
        return str(column.sort_key), "DESC" if column.name.endswith("At") else "ASC"

    @property
    def offset(self) -> int:
        """The number of users before the page."""
        return (int(str(self.request.get("page", 1))) - 1) * A_PAGE


class CountStatistics(NamedTuple):
    """All numbers of the statistics, including byStatus and byUserType."""


class CountGrowth(NamedTuple):
    """New users and all users by month, since the first user was created."""


class ChangeUser(NamedTuple):
    """A user is changed, and read again."""


type Question = ListUsers | CountStatistics | CountGrowth | ChangeUser


def _same(sql: str) -> Callable[[Dialect], str]:
    return lambda _: sql


def _contains(text: str) -> ListUsers:
    return ListUsers({"search": text}, lambda engine: engine.contains(text))


def _in_any_group(number: int) -> ListUsers:
    # Frequent and rare groups alternate.
    chosen = [GROUPS[place * 7 % len(GROUPS)] for place in range(1, number + 1)]
    return ListUsers(
        {"groups": ",".join(chosen), "sortBy": "name"}, lambda engine: engine.in_any_group(chosen)
    )


def _has_fact(name: str, condition: str) -> str:
    return (
        f"\"key\" IN (SELECT \"key\" FROM facts WHERE source = 'learning' AND name = '{name}' "
        f"AND {condition})"
    )


QUESTIONS: Mapping[str, Question] = {
    "list, page 1": ListUsers({}),
    "status + country, by name": ListUsers(
        {"status": "active", "country": "DE", "sortBy": "name"},
        _same("status = 'active' AND country = 'DE'"),
    ),
    "any of 2 groups, by name": _in_any_group(2),
    "any of 10 groups, by name": _in_any_group(10),
    "status + country + city, by last sign-in": ListUsers(
        {"status": "active", "country": "FR", "city": "Lyon", "sortBy": "lastLoginAt"},
        _same("status = 'active' AND country = 'FR' AND city = 'Lyon'"),
    ),
    "substring, frequent": _contains("son"),
    "substring, rare": _contains("lindqvist77"),
    "substring, nowhere": _contains("zzqx"),
    "page 1000, by creation": ListUsers({"page": 1000}),
    "page 1, by email": ListUsers({"sortBy": "email"}),
    "page 1000, by email": ListUsers({"page": 1000, "sortBy": "email"}),
    "page 30000, by email": ListUsers({"page": 30_000, "sortBy": "email"}),
    "fact, number": ListUsers(
        {"filter": "facts.learning.progress ge 90"}, _same(_has_fact("progress", "number >= 90"))
    ),
    "fact, text, by name": ListUsers(
        {"filter": 'facts.learning.programIds eq "prg_007"', "sortBy": "name"},
        _same(_has_fact("programIds", "text = 'prg_007'")),
    ),
    "statistics": CountStatistics(),
    "growth by month": CountGrowth(),
    "a change, read back": ChangeUser(),
}
"""The queries by their names in the table. Each uses well-written SQL."""


def _since(column: str, days: float) -> str:
    """Days are compared as texts of fixed length, which have the same order."""
    return f"\"{column}\" >= '{(NOW - timedelta(days=days)).strftime('%Y-%m-%dT%H:%M:%S.000Z')}'"


STATISTICS: Mapping[str, str] = {
    "by_auth_method.email": '"email" IS NOT NULL',
    "by_auth_method.phone": '"phone" IS NOT NULL',
    "by_auth_method.oauth": "\"oauthProviders\" <> '{}'",
    "verification.email_verified": '"emailVerified"',
    "verification.email_unverified": '"email" IS NOT NULL AND NOT "emailVerified"',
    "verification.phone_verified": '"phoneVerified"',
    "verification.phone_unverified": '"phone" IS NOT NULL AND NOT "phoneVerified"',
    "registered.today": _since("createdAt", 0.5),
    "registered.last_7_days": _since("createdAt", 7),
    "registered.last_30_days": _since("createdAt", 30),
    "registered.last_90_days": _since("createdAt", 90),
    "active.last_day": _since("lastLoginAt", 1),
    "active.last_7_days": _since("lastLoginAt", 7),
    "active.last_30_days": _since("lastLoginAt", 30),
    "active.last_90_days": _since("lastLoginAt", 90),
    "admins": '"isAdmin"',
    "never_signed_in": '"lastLoginAt" IS NULL',
    "locked": "\"lockedUntil\" > '2026-01-05T12:00:00.000Z'",
    "without_groups": '"groupCount" = 0',
    "profile_complete": '"profileComplete"',
}
"""Each number of the statistics as a condition in SQL, by its path in the answer."""
if STATISTICS.keys() != {".".join(way) for way, _ in UserStatistics.marks()}:
    raise ValueError("The statistics have other numbers by now: give each its condition here.")
