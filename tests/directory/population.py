"""Rows of the directory, and a database with them, for the tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from rollcall.directory.conditions import (
    Condition,
    KnownFacts,
    KnownSource,
    compile_condition,
)
from rollcall.directory.database import Database, write_rows
from rollcall.directory.expressions import Expression
from rollcall.directory.rows import FactCell, StoredRow, fold
from rollcall.directory.scim_filter import SEARCHED
from rollcall.users.fact_set import FactSet

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ALL_KNOWN = KnownFacts(
    {"learning": KnownSource(frozenset({"progress", "lastActivityAt", "programIds"}), NOW)},
    NOW - timedelta(days=2),
)


def make_row(user_id: str, **given: Any) -> StoredRow:
    """A row with these values, by their names in Python; whatever is needed is filled in."""
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
    searched = "\n".join(fold(shown[name]) for name in SEARCHED if shown[name])
    return row.model_copy(update={"search_text": searched})


def make_facts(source: str, **values: Any) -> tuple[FactCell, ...]:
    """What a source says about a user, as a row has it."""
    facts = FactSet.none_of("usr_1", source, NOW)
    return tuple(FactCell.all_of(FactSet.model_validate({**dict(facts), "values": values})))


def open_database(rows: Iterable[StoredRow]) -> Database:
    """A database with these rows."""
    database = Database()
    file = database.folder / "rows.json"
    write_rows(file, rows)
    database.build([file])
    return database


def select_ids(
    database: Database, expression: Expression | None, known: KnownFacts = ALL_KNOWN
) -> list[str]:
    """The ids of the users whom an expression selects, in order."""
    return select_where(database, compile_condition(expression, known))


def select_where(database: Database, condition: Condition) -> list[str]:
    """The ids of the users for whom a condition holds, in order."""
    sql = f"SELECT id FROM users WHERE {condition.sql} ORDER BY id"  # noqa: S608 (what is tested)
    return [str(user_id) for (user_id,) in database.fetch(sql, condition.parameters)]
