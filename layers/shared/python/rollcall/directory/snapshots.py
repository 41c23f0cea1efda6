"""Snapshots of the directory: files in S3, and the one item that says which of them counts.

The item moves on only when the new files are complete, and only from what it said when they were
begun: nobody ever sees half a snapshot, and of two that are written at once one is thrown away.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, NamedTuple, Self

import duckdb
from pydantic import ConfigDict

from rollcall.directory.columns import read_stored_columns
from rollcall.directory.database import SNAPSHOT_FILES, Database
from rollcall.kit.entity import Key, Row
from rollcall.kit.ids import last_id, new_id
from rollcall.kit.model import Time, format_time
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.table import Table

ID_PREFIX = "snp"
KEPT = timedelta(hours=1)
"""How long a snapshot that counts no more stays for whoever is reading it."""


class Snapshot(StoredObject):
    """The files of snapshots, each in a folder with the snapshot's id."""

    prefix: ClassVar[str] = "directory/"
    layers: ClassVar[tuple[str, ...]] = ("duckdb",)
    memory: ClassVar[int] = 2048
    ephemeral_storage: ClassVar[int] = 2048


class DirectoryState(Row):
    """Which snapshot counts, and since when the journal's entries are to be laid over it."""

    model_config = ConfigDict(extra="ignore")

    partition: ClassVar[str] = "DIRECTORY"

    snapshot_id: str
    origin: str = ""
    """The snapshot that was built from the table, of which this one comes: that one itself, or the
    changes since laid over it."""
    since: Time
    written_at: Time
    rows: int
    columns: str
    """The fingerprint of the columns that the snapshot was written with."""

    def key(self) -> Key:
        """The only one of its kind."""
        return _STATE

    @classmethod
    def read(cls, table: Table) -> Self | None:
        """What counts at present; None before the first snapshot."""
        item = table.get_item(_STATE)
        return cls.model_validate(item) if item else None

    @property
    def readable(self) -> bool:
        """Whether the snapshot has the columns that are asked about today."""
        return self.columns == fingerprint_columns()

    def replace(self, table: Table, before: Self | None) -> bool:
        """Let this count from now on; False when something else counts by now than ``before``."""
        if before is None:
            return table.put_once(self.item())
        moved = {"snapshotId": before.snapshot_id, "since": format_time(before.since)}
        values = self.model_dump(mode="json", by_alias=True)
        return table.update_unversioned(_STATE, values, when=moved)


_STATE = Key(DirectoryState.partition, DirectoryState.partition)


class Damaged(Exception):
    """A snapshot's files are missing or cannot be read."""


class Store(NamedTuple):
    """Where snapshots are kept."""

    objects: Objects

    def load(self, snapshot_id: str, database: Database) -> None:
        """Take a snapshot over into a database; raises Damaged."""
        with TemporaryDirectory(dir=database.folder) as name:
            folder = Path(name)
            for file in SNAPSHOT_FILES:
                if not self.objects.download(_key(snapshot_id, file), folder / file):
                    raise Damaged(f"{file} of {snapshot_id} is missing.")
            try:
                database.load(folder)
            except (duckdb.Error, ValueError, TypeError, KeyError) as error:
                raise Damaged(f"{snapshot_id} cannot be read.") from error

    def save(self, database: Database, now: datetime) -> str:
        """Write a snapshot that does not count yet; returns its id."""
        snapshot_id = new_id(ID_PREFIX, now)
        with TemporaryDirectory(dir=database.folder) as name:
            folder = Path(name)
            database.save(folder)
            for file in SNAPSHOT_FILES:
                self.objects.upload(_key(snapshot_id, file), folder / file)
        return snapshot_id

    def discard_old(self, current_id: str, now: datetime) -> int:
        """Delete the files of all snapshots that are older than KEPT and do not count, be it that
        they never have; returns how many files.
        """
        newest = _key(last_id(ID_PREFIX, now - KEPT), "")
        keys = [
            key
            for key in self.objects.list_keys(_FOLDER)
            if key <= newest and not key.startswith(_key(current_id, ""))
        ]
        self.objects.delete(keys)
        return len(keys)


_FOLDER = f"{Snapshot.prefix}{ID_PREFIX}_"


def _key(snapshot_id: str, file: str) -> str:
    return f"{Snapshot.prefix}{snapshot_id}/{file}"


def fingerprint_columns() -> str:
    """Differs when the columns do: a snapshot with others is built anew."""
    words = ",".join(f"{each.name} {each.kind.value}" for each in read_stored_columns())
    return sha256(words.encode()).hexdigest()[:16]
