"""Rows of the directory, and a database with them, for the tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from rollcall.directory.columns import sortable_columns
from rollcall.directory.conditions import (
    Condition,
    KnownFacts,
    KnownSource,
    compile_condition,
)
from rollcall.directory.database import Database
from rollcall.directory.expressions import Expression
from rollcall.directory.row_files import write_rows
from rollcall.directory.rows import FactCell, StoredRow
from rollcall.directory.search_text import join_searched
from rollcall.directory.tables import bucket_sql, key_sql
from rollcall.users.fact_set import FactSet

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
SEARCHED = ("name", "email", "username", "phone", "uniqueId")
"""The fields that a search covers."""
ALL_KNOWN = KnownFacts(
    {"learning": KnownSource(frozenset({"progress", "lastActivityAt", "programIds"}), NOW)},
    NOW - timedelta(days=2),
)


def make_row(user_id: str, **given: Any) -> StoredRow:
    """A row with these values, by their Python names, and defaults for required ones."""
    row = StoredRow.model_validate(
        {
            "id": user_id,
            "version": 1,
            "status": "active",
            "is_admin": False,
            "email_verified": False,
            "phone_verified": False,
            "has_password": False,
            "profile_complete": False,
            "created_at": NOW,
            "updated_at": NOW,
            "search_text": "",
            **given,
        }
    )
    shown = row.model_dump(by_alias=True)
    searched = join_searched(shown[name] for name in SEARCHED)
    return row.model_copy(update={"search_text": searched})


def make_facts(source: str, **values: Any) -> tuple[FactCell, ...]:
    """The facts of a source about a user, as a row has them."""
    facts = FactSet.none_of("usr_1", source, NOW)
    return tuple(FactCell.all_of(FactSet.model_validate({**dict(facts), "values": values})))


def open_database(rows: Iterable[StoredRow]) -> Database:
    """A database with these rows."""
    database = Database()
    file = database.folder / "rows.json"
    write_rows(file, rows)
    database.build([file])
    return database


def number_rows(first: int, last: int, **fields: Any) -> list[StoredRow]:
    """Rows with numbers as ids, most of them with different sort values."""
    return [
        make_row(
            f"usr_{each:06}",
            email=f"{each * 7919 % 100003:06}@example.com",
            created_at=START + timedelta(minutes=each),
            last_login_at=START + timedelta(minutes=each) if each % 3 else None,
            **fields,
        )
        for each in range(first, last)
    ]


def assert_in_order(database: Database) -> None:
    """Assert that the buckets are in the order of each sortable column: first those with a value,
    up from 0, then those without one, down from -1.
    """
    for column in sortable_columns():
        key, bucket = key_sql(column), bucket_sql(column)
        found = database.fetch(
            f"SELECT {bucket}, {key} IS NULL FROM users ORDER BY {key} IS NULL, {key}, id"  # noqa: S608 (names of the model)
        )
        assert all((place < 0) == absent for place, absent in found)
        order = [(absent, abs(place)) for place, absent in found]
        assert order == sorted(order), column.name


def open_three_users() -> Database:
    """Zoë, who has a value in each column; Ann, who has other values; and a user without values."""
    return open_database(
        [
            make_row(
                "usr_zoe",
                name="Zoë Weiß",
                email="zoe@example.com",
                country="DE",
                groups=("grp_a", "grp_b"),
                expertise=("SQL",),
                resources={"workspace": 2},
                last_login_at="2026-03-01T10:00:00Z",
                birth_date="1990-05-01",
                facts=make_facts(
                    "learning",
                    progress=50,
                    programIds=("algebra", "Latin"),
                    lastActivityAt="2026-03-01T10:00:00+02:00",
                ),
            ),
            make_row(
                "usr_ann",
                name="Ann 100%",
                email="ann@example.com",
                groups=("grp_b",),
                facts=make_facts("learning", progress=True, programIds=("latin",)),
            ),
            make_row("usr_nobody", status="deleted"),
        ]
    )


def select_ids(
    database: Database, expression: Expression | None, known: KnownFacts = ALL_KNOWN
) -> list[str]:
    """The ids of the users that an expression selects, in order."""
    return select_where(database, compile_condition(expression, known))


def select_where(database: Database, condition: Condition) -> list[str]:
    """The ids of the users for whom a condition holds, in order."""
    sql = f"SELECT id FROM users WHERE {condition.sql} ORDER BY id"  # noqa: S608 (what is tested)
    return [str(user_id) for (user_id,) in database.fetch(sql, condition.parameters)]
