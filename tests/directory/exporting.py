"""Exports of a database, for the tests."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from rollcall.directory.columns import Column, find_column, read_columns
from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.export_files import Selected, write_part
from rollcall.directory.export_formats import ExportFormat
from rollcall.directory.pages import Order

ALL_USERS = Condition("TRUE")
ALL_COLUMNS = tuple(read_columns().values())


def select(
    database: Database,
    file_format: ExportFormat = ExportFormat.CSV,
    columns: tuple[Column, ...] = ALL_COLUMNS,
    sort_by: str = "createdAt",
    *,
    descending: bool = False,
) -> Selected:
    """An export of all users."""
    column = find_column(sort_by)
    assert column
    return Selected(database, ALL_USERS, Order(column, descending), columns, file_format)


def write(selected: Selected, after: Mapping[str, Any] | None = None) -> bytes:
    """The whole file, or the lines after a user."""
    file = io.BytesIO()
    part = write_part(file, selected, after, lambda _: False)
    assert part.is_last
    return file.getvalue()


def choose(*names: str) -> tuple[Column, ...]:
    """The columns with these names."""
    return tuple(read_columns()[name.lower()] for name in names)
