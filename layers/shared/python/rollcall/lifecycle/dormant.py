"""Whom the lifecycle policy may be about: the users who are inactive for so long that it is time to
do something, by the directory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic.alias_generators import to_camel

from rollcall.directory.conditions import Condition, SkippedFilter, compile_condition, read_filter
from rollcall.directory.database import Database
from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    Presence,
)
from rollcall.directory.selections import read_known_facts
from rollcall.kit.call import Call
from rollcall.lifecycle.decisions import COLUMNS, Subject
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.users.statuses import Status


class Dormant(NamedTuple):
    """The users whom a policy may be about at a moment, in the order of their ids."""

    database: Database
    condition: Condition
    exempt: Condition
    """For whom the policy's filter holds."""

    @classmethod
    def of(cls, call: Call, database: Database, terms: LifecycleTerms, now: datetime) -> Dormant:
        """Raises Invalid for a filter that is no longer understood."""
        known = read_known_facts(call, database)
        exempt = Condition("FALSE")
        if terms.exempt_filter is not None:
            exempt = compile_condition(read_filter(terms.exempt_filter), known)
        return cls(database, compile_condition(_may_be_due(terms, now), known), exempt)

    @property
    def skipped(self) -> tuple[SkippedFilter, ...]:
        """What of the policy's filter cannot be asked at present, so that nobody knows who all is
        exempt.
        """
        return self.exempt.skipped

    def read(self, after: str = "", limit: int | None = None) -> list[Subject]:
        """Those whose ids come after one, all or so many."""
        return self._fetch("id > ?", after, limit)

    def find(self, user_id: str) -> Subject | None:
        """One of them; None for whom the policy is not about at present."""
        return next(iter(self._fetch("id = ?", user_id, 1)), None)

    def _fetch(self, which: str, user_id: str, limit: int | None) -> list[Subject]:
        columns = ", ".join(f'"{to_camel(name)}"' for name in COLUMNS)
        sql = (
            f"SELECT {columns}, coalesce({self.exempt.sql}, FALSE) FROM users "
            f"WHERE {self.condition.sql} AND {which} ORDER BY id LIMIT ?"
        )
        parameters = [*self.exempt.parameters, *self.condition.parameters, user_id, limit]
        return [Subject._make(_read(row)) for row in self.database.fetch(sql, parameters)]


def count_users(database: Database) -> int:
    """How many users there are, without those who are soft-deleted."""
    sql = 'SELECT count(*) FROM users WHERE "status" <> ?'
    return int(database.fetch(sql, [Status.DELETED.value])[0][0])


def _may_be_due(terms: LifecycleTerms, now: datetime) -> Expression:
    unused = _longer_ago("lastLoginAt", now, terms.warn_after_days)
    unused_since_made = And(
        (
            _longer_ago("createdAt", now, terms.warn_after_days),
            Not(Presence("lastLoginAt")),
        )
    )
    dormant = And((_has_status(Status.ACTIVE), Or((unused, unused_since_made))))
    if not terms.delete_disabled:
        return dormant
    disabled = _longer_ago("disabledForInactivityAt", now, terms.delete_after_days)
    return Or((dormant, And((_has_status(Status.INACTIVE), disabled))))


def _has_status(status: Status) -> Comparison:
    return Comparison("status", Operator.EQ, status.value)


def _longer_ago(path: str, now: datetime, days: int) -> Comparison:
    return Comparison(path, Operator.LE, now - timedelta(days=days))


def _read(row: tuple[Any, ...]) -> Iterator[Any]:
    for name, value in zip(Subject._fields, row, strict=True):
        if name == "status":
            yield Status(value)
        elif isinstance(value, datetime):
            yield value.replace(tzinfo=UTC)
        else:
            yield tuple(value) if isinstance(value, list) else value
