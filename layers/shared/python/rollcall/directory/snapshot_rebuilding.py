"""Reads all users from the table for a new snapshot, with one Query for each user.

This can take several runs. Each run stores the rows that it has read in S3 for the next one. The
snapshot has the state of the time when the first run started.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from rollcall.directory.records import read_rows
from rollcall.directory.row_files import write_rows
from rollcall.directory.rows import StoredRow
from rollcall.directory.snapshots import fingerprint_columns
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.table import Table
from rollcall.users.storage import LISTED

READ_AT_ONCE = 1000
ABANDONED_AFTER = timedelta(hours=12)
"""A reading that started longer ago is not continued."""
_MOMENT = "%Y%m%dT%H%M%S%fZ"


class SnapshotPart(StoredObject):
    """Rows that an unfinished run has read."""

    prefix: ClassVar[str] = "directory-parts/"
    days_kept: ClassVar[int | None] = 1


class Reading(NamedTuple):
    """Reading of all users, in one run or more."""

    begun_at: datetime
    folder: Path
    """Files with the rows that have been read, one for each partition of the index."""

    @classmethod
    def find(cls, objects: Objects, now: datetime, folder: Path) -> Self | None:
        """The latest reading that an earlier run has not finished."""
        begun = [
            datetime.strptime(key.split("/")[2], _MOMENT).replace(tzinfo=UTC)
            for key in objects.list_keys(_prefix())
        ]
        latest = max(begun, default=None)
        if latest is None or now - latest > ABANDONED_AFTER:
            return None
        return cls(latest, folder)

    @property
    def prefix(self) -> str:
        """The prefix of the keys of the stored rows."""
        return f"{_prefix()}{self.begun_at.strftime(_MOMENT)}/"

    def take_over(self, objects: Objects) -> None:
        """Download the rows that earlier runs have read."""
        for key in objects.list_keys(self.prefix):
            objects.download(key, self.folder / key.rpartition("/")[2])

    def read_missing(self, table: Table) -> Iterator[Path]:
        """Read the partitions that have not been read. Yields a file for each."""
        for number, partition in enumerate(LISTED):
            file = self.folder / f"{number}.json.gz"
            if not file.exists():
                write_rows(file, _read_partition(table, partition))
                yield file

    def store(self, objects: Objects, files: list[Path]) -> None:
        """Store the rows that this run has read for the next one."""
        for file in files:
            objects.upload(f"{self.prefix}{file.name}", file)

    def discard(self, objects: Objects) -> None:
        """Delete the stored rows."""
        objects.delete(list(objects.list_keys(self.prefix)))


def _read_partition(table: Table, partition: str) -> Iterator[StoredRow]:
    ids = (str(item["id"]) for item in table.query_index("gsi2", partition))
    for some in batched(ids, READ_AT_ONCE, strict=False):
        yield from (row for _, row in read_rows(table, some) if row)


def _prefix() -> str:
    return f"{SnapshotPart.prefix}{fingerprint_columns()}/"
