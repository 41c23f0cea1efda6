"""Counts of users, each in one pass over the directory: for several conditions, for each value of a
column, or at several times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain

from rollcall.directory.columns import Column, Kind
from rollcall.directory.conditions import NO_FACTS, Condition, compile_condition
from rollcall.directory.database import Database
from rollcall.directory.expressions import Expression
from rollcall.users.statuses import Status

type ValueCount = tuple[str, int]
"""A value, and the number of users who have it."""
_LAST = timedelta(microseconds=1)
"""The precision of DuckDB's times."""


def count_each(
    database: Database, condition: Condition, counted: Sequence[Expression]
) -> Mapping[Status, Sequence[int]]:
    """For each status: the number of users that the condition selects, then the number of those
    that match each expression. Expressions cannot use facts.
    """
    compiled = [compile_condition(each, NO_FACTS) for each in counted]
    # count_if is NULL if all values are NULL.
    counts = "".join(f", coalesce(count_if({each.sql}), 0)" for each in compiled)
    # Grouping costs less than excluding users: DuckDB counts contiguous rows fastest.
    sql = f"SELECT status, count(*){counts} FROM users WHERE {condition.sql} GROUP BY status"
    parameters = [*chain.from_iterable(each.parameters for each in compiled), *condition.parameters]
    found = {status: each for status, *each in database.fetch(sql, parameters)}
    return {each: found.get(each, [0] * (1 + len(counted))) for each in Status}


def add_up(counts: Iterable[Sequence[int]]) -> Sequence[int]:
    """The sums of the counts for at least one status."""
    return [sum(each) for each in zip(*counts, strict=True)]


def count_not_deleted(database: Database) -> int:
    """The number of users who are not soft-deleted."""
    sql = 'SELECT count(*) FROM users WHERE "status" <> ?'
    return int(database.fetch(sql, [Status.DELETED.value])[0][0])


def values_sql(column: Column) -> str:
    """The values of a column of texts or lists, one a row. Some are NULL."""
    return f"unnest({column.sql})" if column.kind is Kind.TEXTS else column.sql


def count_values(
    database: Database, condition: Condition, column: Column, limit: int | None = None
) -> list[ValueCount]:
    """The values in a column and their numbers of users, largest first."""
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
    """The number of users who were created before each time."""
    ordered = sorted(set(moments))
    # The bins of a histogram include their upper bounds.
    ends = [each.astimezone(UTC).replace(tzinfo=None) - _LAST for each in ordered]
    sql = f'SELECT histogram("createdAt", ?::TIMESTAMP[]) FROM users WHERE {condition.sql}'
    found = database.fetch(sql, [ends, *condition.parameters])[0][0] or {}
    totals = accumulate(found.get(each, 0) for each in ends)
    return dict(zip(ordered, totals, strict=True))
