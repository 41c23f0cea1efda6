"""Exported files: all users, in the requested order, from a single state (B3)."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Thread

import pytest

from rollcall.directory.columns import sortable_columns
from rollcall.directory.database import Database
from rollcall.directory.export_files import Part, Selected, write_part
from rollcall.directory.export_formats import ExportFormat, read_export
from tests.directory.exporting import choose, select, write
from tests.directory.population import make_row, open_database

MANY = 60_000
"""More users than are read at once."""


@cache
def many() -> Database:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return open_database(
        make_row(
            f"usr_{number * 7919 % MANY:05}",
            email=f"{number % 997}@example.com" if number % 5 else None,
            created_at=start + timedelta(seconds=number * 31 % 5_000),
        )
        for number in range(MANY)
    )


@pytest.mark.parametrize("sort_by", ["createdAt", "email"])
@pytest.mark.parametrize("descending", [False, True])
def test_order_is_that_of_lists_and_no_user_is_missing(sort_by: str, descending: bool) -> None:
    selected = select(many(), columns=choose("id"), sort_by=sort_by, descending=descending)

    ids = [each["id"] for each in read_export(ExportFormat.CSV, io.BytesIO(write(selected)))]

    sql = f"SELECT id FROM users ORDER BY {selected.order.sql}"  # noqa: S608 (a fixed text)
    assert ids == [user_id for (user_id,) in many().fetch(sql)]


@pytest.mark.parametrize("sort_by", [each.name for each in sortable_columns()])
@pytest.mark.parametrize("descending", [False, True])
def test_parts_add_up_to_the_whole_file(sort_by: str, descending: bool) -> None:
    selected = select(many(), columns=choose("id"), sort_by=sort_by, descending=descending)

    content, parts = write_in_parts(selected)

    assert content == write(selected)
    assert len(parts) > 1
    written = 0
    for part in parts:
        assert part.left == MANY - written
        written += part.rows
    assert written == MANY


def write_in_parts(selected: Selected) -> tuple[bytes, list[Part]]:
    """A file with a part for each step, and these parts."""
    file, parts = io.BytesIO(), list[Part]()
    while not parts or not parts[-1].is_last:
        after = json.loads(json.dumps(parts[-1].after)) if parts else None
        parts.append(write_part(file, selected, after, lambda _: True))
    return file.getvalue(), parts


def test_part_has_a_single_state_even_if_users_change_meanwhile() -> None:
    database = open_database(make_row(f"usr_{number:05}", city="Rome") for number in range(55_000))
    gone = {f"usr_{number:05}": None for number in range(0, 55_000, 2)}
    changes: list[int] = []

    def change(_: int) -> bool:
        """Delete users between two reads."""
        worker = Thread(target=database.replace, args=(gone,))
        worker.start()
        worker.join()
        changes.append(database.count())
        return False

    file = io.BytesIO()
    part = write_part(file, select(database, columns=choose("id")), None, change)

    assert set(changes) == {27_500}
    assert part == Part(55_000, 55_000, None)
    assert len(file.getvalue().splitlines()) == 55_001
