"""The tables of the directory's database: their columns, and how these are stored."""

from __future__ import annotations

from rollcall.directory.columns import Column, Kind, read_stored_columns, sortable_columns

RELATED_TABLES = {
    "facts": "source VARCHAR, name VARCHAR, number DOUBLE, text VARCHAR, moment TIMESTAMP, "
    '"pushedAt" TIMESTAMP',
    "elements": "list VARCHAR, value VARCHAR, number UHUGEINT",
}
"""The tables with facts and list elements, each with the key of their user. A snapshot stores them
in an order in which a query for one fact or one element skips the others."""
TIME_TEXT = "%Y-%m-%dT%H:%M:%S.%gZ"
"""How times are written as text."""
_UNCOMPRESSED = frozenset({"id", "email", "username", "nameKey", "searchText"})
"""Columns that are stored uncompressed. Nearly all of their values are different, so compression
saves little. Pages read them at scattered places, and searches read all of them.
"""


def bucket_sql(column: Column) -> str:
    """The quoted name of the column that holds the bucket of a sortable column."""
    return f'"{column.name}Bucket"'


def key_sql(column: Column) -> str:
    """The quoted name of the column that a sortable column is sorted by."""
    return f'"{column.sort_key}"'


def define_user_columns() -> str:
    """The columns of the table ``users``, with their types."""
    columns = ["key BIGINT"]
    for each in plain_columns():
        stored = " USING COMPRESSION uncompressed" if each.name in _UNCOMPRESSED else ""
        columns.append(f"{each.sql} {each.kind.value}{stored}")
    return ", ".join([*columns, *(f"{bucket_sql(each)} INTEGER" for each in sortable_columns())])


def plain_columns() -> list[Column]:
    """The columns of a row that are in the table ``users``."""
    return [each for each in read_stored_columns() if each.kind is not Kind.FACTS]


def user_column_names() -> str:
    """The names of the columns of the table ``users``."""
    columns = (each.sql for each in plain_columns())
    return ", ".join(["key", *columns, *(bucket_sql(each) for each in sortable_columns())])
