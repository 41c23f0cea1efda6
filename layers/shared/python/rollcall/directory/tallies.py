"""Counts of users: in one pass over the directory, how many fulfil each of several conditions, have
each value of a column, or were there at some moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain

from rollcall.directory.columns import Column, Kind
from rollcall.directory.conditions import Condition, KnownFacts, compile_condition
from rollcall.directory.database import Database
from rollcall.directory.expressions import Expression
from rollcall.users.statuses import Status

type ValueCount = tuple[str, int]
"""A value, and how many users have it."""
_NO_FACTS = KnownFacts({}, datetime.max.replace(tzinfo=UTC))
_LAST = timedelta(microseconds=1)
"""What DuckDB's times are exact to."""


def count_each(
    database: Database, condition: Condition, counted: Sequence[Expression]
) -> Mapping[Status, Sequence[int]]:
    """For each status: how many users the condition selects, then for how many of them each
    expression holds, none of which asks about facts.
    """
    compiled = [compile_condition(each, _NO_FACTS) for each in counted]
    # Of nothing but NULL it would be NULL.
    counts = "".join(f", coalesce(count_if({each.sql}), 0)" for each in compiled)
    # To group costs less than to leave some out: DuckDB counts fastest over rows without gaps.
    sql = f"SELECT status, count(*){counts} FROM users WHERE {condition.sql} GROUP BY status"
    parameters = [*chain.from_iterable(each.parameters for each in compiled), *condition.parameters]
    found = {status: each for status, *each in database.fetch(sql, parameters)}
    return {each: found.get(each, [0] * (1 + len(counted))) for each in Status}


def add_up(counts: Iterable[Sequence[int]]) -> Sequence[int]:
    """The sums of what has been counted for several statuses, of one at least."""
    return [sum(each) for each in zip(*counts, strict=True)]


def values_sql(column: Column) -> str:
    """The values of a column of texts, or of lists of them, one a row; some are NULL."""
    return f"unnest({column.sql})" if column.kind is Kind.TEXTS else column.sql


def count_values(
    database: Database, condition: Condition, column: Column, limit: int | None = None
) -> list[ValueCount]:
    """The values of a column that occur, those of the most users first, and of how many each."""
    sql = (
        f"SELECT value, count(*) FROM (SELECT {values_sql(column)} AS value FROM users "
        f"WHERE {condition.sql}) WHERE value IS NOT NULL GROUP BY value ORDER BY 2 DESC, 1 LIMIT ?"
    )
    return [
        (str(value), int(n)) for value, n in database.fetch(sql, [*condition.parameters, limit])
    ]


def count_created_before(
    database: Database, condition: Condition, moments: Iterable[datetime]
) -> Mapping[datetime, int]:
    """How many of the users had been created before each moment."""
    ordered = sorted(set(moments))
    # The bins of a histogram hold their upper ends.
    ends = [each.astimezone(UTC).replace(tzinfo=None) - _LAST for each in ordered]
    sql = f'SELECT histogram("createdAt", ?::TIMESTAMP[]) FROM users WHERE {condition.sql}'
    found = database.fetch(sql, [ends, *condition.parameters])[0][0] or {}
    totals = accumulate(found.get(each, 0) for each in ends)
    return dict(zip(ordered, totals, strict=True))
