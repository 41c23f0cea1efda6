"""Queries for users in the directory's database: by id, and by a condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rollcall.directory.columns import Column, read_columns
from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.rows import DirectoryUser


def find_users(database: Database, user_ids: Iterable[str]) -> dict[str, DirectoryUser]:
    """The users with these ids, by id, in any status. Unknown ids are ignored."""
    names, selected = list_columns()
    sql = f'SELECT {selected} FROM users WHERE "id" IN (SELECT unnest(?::VARCHAR[]))'
    rows = database.fetch(sql, [list(user_ids)])
    found = read_users(dict(zip(names, row, strict=True)) for row in rows)
    return {user.id: user for user in found}


def read_users(rows: Iterable[Mapping[str, Any]]) -> tuple[DirectoryUser, ...]:
    """Users from rows of a query, by the names of the columns."""
    return tuple(DirectoryUser.model_validate(with_time_zones(row), extra="ignore") for row in rows)


def list_columns() -> tuple[list[str], str]:
    """The columns of a user: their names, and as SQL."""
    columns = read_columns().values()
    return [each.name for each in columns], ", ".join(each.sql for each in columns)


def with_time_zones(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with time zones: the tables store UTC without one."""
    return {name: _with_time_zone(value) for name, value in row.items()}


def _with_time_zone(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


class Matches(NamedTuple):
    """The users that a condition selects."""

    number: int
    first: tuple[str, ...]
    """The email, phone, username or id of the first users, in alphabetical order."""


def find_matches(database: Database, condition: Condition, limit: int) -> Matches:
    """The number of users that a condition selects, and up to ``limit`` of them."""
    with database.hold() as fetch:
        count = f"SELECT count(*) FROM users WHERE {condition.sql}"
        ((number,),) = fetch(count, condition.parameters)
        name = 'coalesce("email", "phone", "username", id)'
        first = f"SELECT {name} FROM users WHERE {condition.sql} ORDER BY 1 LIMIT ?"
        named = fetch(first, [*condition.parameters, limit])
    return Matches(int(number), tuple(str(each) for (each,) in named))


def read_values(
    database: Database,
    columns: Sequence[Column],
    condition: Condition,
    flag: Condition,
    limit: int | None = None,
) -> list[tuple[Any, ...]]:
    """The values of some columns of the selected users, in the order of their ids. The last value
    of each row says whether ``flag`` holds for the user.
    """
    selected = ", ".join(each.sql for each in columns)
    sql = (
        f"SELECT {selected}, coalesce({flag.sql}, FALSE) FROM users "
        f"WHERE {condition.sql} ORDER BY id LIMIT ?"
    )
    rows = database.fetch(sql, [*flag.parameters, *condition.parameters, limit])
    return [tuple(map(_with_time_zone, row)) for row in rows]
