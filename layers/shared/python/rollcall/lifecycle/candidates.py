"""Finds the candidates for the lifecycle policy in the directory: users who have been inactive for
so long that an action may be due.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rollcall.directory.columns import Column, read_columns
from rollcall.directory.conditions import (
    NO_FACTS,
    NO_USERS,
    Condition,
    SkippedFilter,
    both,
    compile_condition,
    read_filter,
)
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
from rollcall.directory.selections import NAMED_AT_MOST, read_known_facts
from rollcall.directory.user_queries import read_values
from rollcall.kit.call import Call
from rollcall.kit.error_messages import clean
from rollcall.kit.errors import Invalid
from rollcall.kit.model import camel_case
from rollcall.lifecycle.decisions import COLUMNS, Candidate
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.lifecycle.runs import StoppedFor
from rollcall.users.statuses import Status


class Doubt(NamedTuple):
    """Why it is not known which users the policy's filter exempts."""

    stopped_for: StoppedFor
    detail: str


class ExemptionsUnknown(Exception):
    """It is not known which users are exempt, so no action is allowed."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt.detail)
        self.doubt = doubt


class Candidates(NamedTuple):
    """The users for whom an action may be due at a time, in the order of their ids."""

    database: Database
    condition: Condition
    exempt: Condition
    """Selects the users whom the policy's filter exempts."""
    refused: str | None = None
    """Why the policy's filter cannot be used any more; None if it can."""

    @classmethod
    def of(cls, call: Call, database: Database, terms: LifecycleTerms, now: datetime) -> Candidates:
        """The candidates for a policy."""
        known = read_known_facts(call, database)
        exempt, refused = NO_USERS, None
        if terms.exempt_filter is not None:
            try:
                exempt = compile_condition(read_filter(terms.exempt_filter), known)
            except Invalid as problem:  # it could be used when it was saved
                refused = problem.detail
        return cls(database, compile_condition(_may_be_due(terms, now), known), exempt, refused)

    @property
    def skipped(self) -> tuple[SkippedFilter, ...]:
        """The parts of the policy's filter that use facts which are currently unknown. If there
        are any, it is not known which users are exempt.
        """
        return self.exempt.skipped

    @property
    def doubt(self) -> Doubt | None:
        """Why it is not known which users are exempt; None if it is known."""
        if self.refused is not None:
            return Doubt(StoppedFor.INVALID_FILTER, self.refused)
        if self.skipped:
            names = ", ".join(clean(each.filter) for each in self.skipped[:NAMED_AT_MOST])
            return Doubt(StoppedFor.UNCERTAIN_FILTER, f"Unknown at present: {names}.")
        return None

    def read(self, after: str = "", limit: int | None = None) -> list[Candidate]:
        """The candidates whose ids come after an id, up to a limit."""
        return self._read(Operator.GT, after, limit)

    def find(self, user_id: str) -> Candidate | None:
        """One candidate; None if the user is not one."""
        return next(iter(self._read(Operator.EQ, user_id, 1)), None)

    def _read(self, operator: Operator, user_id: str, limit: int | None) -> list[Candidate]:
        by_id = compile_condition(Comparison("id", operator, user_id), NO_FACTS)
        condition = both(self.condition, by_id)
        rows = read_values(self.database, _columns(), condition, self.exempt, limit)
        return [Candidate._make(_convert(row)) for row in rows]


def _columns() -> list[Column]:
    columns = read_columns()
    return [columns[camel_case(name).lower()] for name in COLUMNS]


def _may_be_due(terms: LifecycleTerms, now: datetime) -> Expression:
    signed_in_long_ago = _longer_ago("lastLoginAt", now, terms.warn_after_days)
    never_signed_in = And(
        (
            _longer_ago("createdAt", now, terms.warn_after_days),
            Not(Presence("lastLoginAt")),
        )
    )
    inactive = And((_has_status(Status.ACTIVE), Or((signed_in_long_ago, never_signed_in))))
    if not terms.delete_disabled:
        return inactive
    disabled = _longer_ago("disabledForInactivityAt", now, terms.delete_after_days)
    return Or((inactive, And((_has_status(Status.INACTIVE), disabled))))


def _has_status(status: Status) -> Comparison:
    return Comparison("status", Operator.EQ, status.value)


def _longer_ago(path: str, now: datetime, days: int) -> Comparison:
    return Comparison(path, Operator.LE, now - timedelta(days=days))


def _convert(row: tuple[Any, ...]) -> Iterator[Any]:
    for name, value in zip(Candidate._fields, row, strict=True):
        if name == "status":
            yield Status(value)
        else:
            yield tuple(value) if isinstance(value, list) else value
