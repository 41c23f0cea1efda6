"""Buckets: the order of each sortable column, divided into parts of about the same number of rows.

Each row stores its bucket in each of these orders, so that a page sorts only the rows of the few
buckets that it can be in.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, NamedTuple

import duckdb

from rollcall.directory.columns import Column, Kind, sortable_columns
from rollcall.directory.tables import TIME_TEXT, bucket_sql, key_sql, plain_columns

BUCKETS = 1024
"""The number of buckets of each sortable column."""
ROWS_IN_BUCKET = 256
"""The smallest size of a bucket."""
SKEWED_AT = 4
"""Buckets are rebuilt when changes have made one this many times too large."""


class Bounds(NamedTuple):
    """The first row of each bucket of one sortable column."""

    present: list[tuple[Any, str]]
    """The values and ids, for rows with a value."""
    absent: list[str]
    """The ids, for rows without a value."""

    def bucket_of(self, value: Any, user_id: str) -> int:
        """The bucket of a row. Buckets count up from 0 in the order of the column; those of rows
        without a value count down from -1.
        """
        if value is None:
            return -1 - max(0, bisect_right(self.absent, user_id) - 1)
        return max(0, bisect_right(self.present, (value, user_id)) - 1)


def no_bounds() -> dict[str, Bounds]:
    """The bounds of an empty table: one bucket for each column."""
    return {each.name: Bounds([], []) for each in sortable_columns()}


def write_bounds(bounds: Mapping[str, Bounds]) -> str:
    """The bounds of all columns, as a snapshot stores them."""
    return json.dumps(bounds)


def read_bounds(text: str) -> dict[str, Bounds]:
    """The stored bounds of all columns. Raises KeyError or ValueError if the text is not valid."""
    stored = json.loads(text)
    return {each.name: _read_bounds(*stored[each.name]) for each in sortable_columns()}


def _read_bounds(present: list[tuple[Any, str]], absent: list[str]) -> Bounds:
    return Bounds([(value, user_id) for value, user_id in present], absent)


def are_skewed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether changes have made a bucket too large."""
    allowed = SKEWED_AT * _bucket_size(connection)
    return any(
        connection.execute(
            f"SELECT 1 FROM users GROUP BY {bucket_sql(each)} HAVING count(*) > ? LIMIT 1",
            [allowed],
        ).fetchall()
        for each in sortable_columns()
    )


def rebuild_buckets(connection: duckdb.DuckDBPyConnection) -> dict[str, Bounds]:
    """Divide the order of each sortable column into buckets of equal size. Requires a
    transaction.
    """
    size = _bucket_size(connection)
    bounds = {each.name: _divide(connection, each, size) for each in sortable_columns()}
    _store_buckets(connection)
    return bounds


def _bucket_size(connection: duckdb.DuckDBPyConnection) -> int:
    ((rows,),) = connection.execute("SELECT count(*) FROM users").fetchall()
    return max(ROWS_IN_BUCKET, int(rows) // BUCKETS)


def _divide(connection: duckdb.DuckDBPyConnection, column: Column, size: int) -> Bounds:
    """Create a table with the buckets of one column, in the row order of the table ``users``."""
    key = key_sql(column)
    ranked = (
        f"SELECT rowid AS place, {key} IS NULL AS absent, (row_number() OVER "
        f"(PARTITION BY {key} IS NULL ORDER BY {key}, id) - 1) // {size} AS part FROM users"
    )
    connection.execute(
        f"CREATE TEMP TABLE {_bucket_table(column)} AS SELECT "
        "CASE WHEN absent THEN -1 - part ELSE part END::INTEGER AS bucket "
        f"FROM ({ranked}) ORDER BY place"
    )
    text = f"strftime({key}, '{TIME_TEXT}')" if column.kind is Kind.TIME else key
    first = f"row_number() OVER (PARTITION BY bucket ORDER BY {key}, id) = 1"
    found = connection.execute(
        f"SELECT {text}, id FROM users POSITIONAL JOIN {_bucket_table(column)} "
        f"QUALIFY {first} ORDER BY {key} NULLS LAST, id"
    ).fetchall()
    return Bounds(
        [(value, user_id) for value, user_id in found if value is not None],
        [user_id for value, user_id in found if value is None],
    )


def _store_buckets(connection: duckdb.DuckDBPyConnection) -> None:
    names = ", ".join(["key", *(f"users.{each.sql}" for each in plain_columns())])
    tables = {bucket_sql(each): _bucket_table(each) for each in sortable_columns()}
    buckets = ", ".join(f"{table}.bucket AS {bucket}" for bucket, table in tables.items())
    joined = " ".join(f"POSITIONAL JOIN {table}" for table in tables.values())
    # Users who are neighbours in the default order of lists are stored next to each other.
    connection.execute(
        f"CREATE OR REPLACE TABLE users AS SELECT {names}, {buckets} FROM users {joined} "
        'ORDER BY "createdAt", id'
    )
    for table in tables.values():
        connection.execute(f"DROP TABLE {table}")


def _bucket_table(column: Column) -> str:
    return f'"cut{column.name}"'
