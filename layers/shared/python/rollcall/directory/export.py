"""Exports: files of users that somebody has taken away, and the record of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rollcall.kit.declaration import ReadingRecord
from rollcall.kit.objects import StoredObject


class Export(ReadingRecord):
    """Who has taken which users away, and what of them: its journal entry says who and when."""

    kind: ClassVar[str] = "export"
    partition: ClassVar[str] = "EXPORT#"

    format: str
    columns: tuple[str, ...]
    filters: Mapping[str, str | bool | tuple[str, ...]]
    """As they were asked for."""
    user_count: int


class ExportFile(StoredObject):
    """The files that are too large for an answer."""

    prefix: ClassVar[str] = "exports/"
    days_kept: ClassVar[int | None] = 1
