"""Exports: files of users, and the record of each export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rollcall.kit.declaration import ReadingRecord
from rollcall.kit.objects import StoredObject


class Export(ReadingRecord):
    """The record of an export. Its journal entry says who exported the users, and when."""

    kind: ClassVar[str] = "export"
    partition: ClassVar[str] = "EXPORT#"

    format: str
    columns: tuple[str, ...]
    filters: Mapping[str, str | bool | tuple[str, ...]]
    """As in the request."""
    skipped_filters: tuple[str, ...] | None = None
    """The parts of the filters that had no effect, in SCIM's filter language."""
    user_count: int


class ExportFile(StoredObject):
    """The files of exports that are too large for an answer."""

    prefix: ClassVar[str] = "exports/"
    days_kept: ClassVar[int | None] = 1
