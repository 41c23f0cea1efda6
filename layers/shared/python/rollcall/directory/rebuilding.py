"""Building a snapshot from the table: one Query a user, in as many runs as it takes.

What one run has no time for is left to the next: the rows that were read are kept in S3, and count
from when the first of them were read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from rollcall.directory.database import write_rows
from rollcall.directory.records import read_rows
from rollcall.directory.rows import StoredRow
from rollcall.directory.snapshots import fingerprint_columns
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.table import Table
from rollcall.users.user import LISTED

READ_AT_ONCE = 1000
ABANDONED_AFTER = timedelta(hours=12)
"""Rows that were read so long ago are not gone on with."""
_MOMENT = "%Y%m%dT%H%M%S%fZ"


class SnapshotPart(StoredObject):
    """Rows that a run has read which did not come to the end."""

    prefix: ClassVar[str] = "directory-parts/"
    days_kept: ClassVar[int | None] = 1


class Reading(NamedTuple):
    """Reading all users: since when, and where the rows are put."""

    begun_at: datetime
    folder: Path
    """Files with the rows that have been read, each of one partition of the index."""

    @classmethod
    def find(cls, objects: Objects, now: datetime, folder: Path) -> Self | None:
        """The latest one that an earlier run has not come to the end of."""
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
        """What the keys begin with of the parts that are kept."""
        return f"{_prefix()}{self.begun_at.strftime(_MOMENT)}/"

    def take_over(self, objects: Objects) -> None:
        """Get what earlier runs have read."""
        for key in objects.list_keys(self.prefix):
            objects.download(key, self.folder / key.rpartition("/")[2])

    def read_missing(self, table: Table) -> Iterator[Path]:
        """Read one partition after the other that has not been read; the files that come of it."""
        for number, partition in enumerate(LISTED):
            file = self.folder / f"{number}.json.gz"
            if not file.exists():
                write_rows(file, _read_partition(table, partition))
                yield file

    def keep(self, objects: Objects, files: list[Path]) -> None:
        """Keep what this run has read for the next."""
        for file in files:
            objects.upload(f"{self.prefix}{file.name}", file)

    def discard(self, objects: Objects) -> None:
        """Delete what was kept."""
        objects.delete(list(objects.list_keys(self.prefix)))


def _read_partition(table: Table, partition: str) -> Iterator[StoredRow]:
    ids = (str(item["id"]) for item in table.query_index("gsi2", partition))
    for some in batched(ids, READ_AT_ONCE, strict=False):
        yield from (row for _, row in read_rows(table, some) if row)


def _prefix() -> str:
    return f"{SnapshotPart.prefix}{fingerprint_columns()}/"
