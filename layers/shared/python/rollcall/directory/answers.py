"""Users as answers show them, read from the directory's database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rollcall.directory.columns import read_columns
from rollcall.directory.database import Database
from rollcall.directory.rows import DirectoryUser


def find_users(database: Database, user_ids: Iterable[str]) -> dict[str, DirectoryUser]:
    """Those of these users whom there are, by id, in whatever status."""
    names, selected = list_columns()
    sql = f'SELECT {selected} FROM users WHERE "id" IN (SELECT unnest(?::VARCHAR[]))'
    rows = database.fetch(sql, [list(user_ids)])
    found = read_users(dict(zip(names, row, strict=True)) for row in rows)
    return {user.id: user for user in found}


def read_users(rows: Iterable[Mapping[str, Any]]) -> tuple[DirectoryUser, ...]:
    """Rows as DuckDB answers them, by the columns' names, as users."""
    return tuple(DirectoryUser.model_validate(with_time_zones(row), extra="ignore") for row in rows)


def list_columns() -> tuple[list[str], str]:
    """The columns that answers show: their names, and as SQL."""
    columns = read_columns().values()
    return [each.name for each in columns], ", ".join(each.sql for each in columns)


def with_time_zones(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values, with their time zone said: the tables keep UTC without saying so."""
    return {
        name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }
