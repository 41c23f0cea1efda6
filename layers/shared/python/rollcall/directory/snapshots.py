"""Snapshots of the directory: files in S3, and the one item that says which of them counts.

The item moves on only when the new file is complete, and only from what it said when that was
begun: nobody ever sees half a snapshot, and of two that are written at once one is thrown away.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import duckdb
from pydantic import ConfigDict

from rollcall.directory.columns import read_stored_columns
from rollcall.directory.database import TABLES_BESIDE, Database
from rollcall.kit.entity import Key, Row
from rollcall.kit.ids import last_id, new_id
from rollcall.kit.model import Time, format_time
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.table import Table

ID_PREFIX = "snp"
KEPT = timedelta(hours=1)
"""How long a snapshot that counts no more stays for whoever is reading it."""


class Snapshot(StoredObject):
    """The files of snapshots, each called by the snapshot's id."""

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
    sha256: str = ""
    """Of the file: it is opened without being read, and no part of it may be another."""
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
    """A snapshot's file is missing, or is not the one that was written."""


class Saved(NamedTuple):
    """A snapshot that has been written."""

    snapshot_id: str
    sha256: str


class Store(NamedTuple):
    """Where snapshots are kept."""

    objects: Objects

    def load(self, state: DirectoryState, database: Database) -> None:
        """Take the snapshot that counts over into a database; raises Damaged."""
        file = database.folder / f"{state.snapshot_id}.duckdb"
        if not self.objects.download(snapshot_key(state.snapshot_id), file):
            raise Damaged(f"{state.snapshot_id} is missing.")
        if _digest(file) != state.sha256:
            raise Damaged(f"{state.snapshot_id} is not as it was written.")
        try:
            database.load(file)
        except duckdb.Error as error:
            raise Damaged(f"{state.snapshot_id} cannot be read.") from error

    def save(self, database: Database, now: datetime) -> Saved:
        """Write a snapshot that does not count yet."""
        saved_id = new_id(ID_PREFIX, now)
        file = database.folder / f"{saved_id}.duckdb"
        try:
            database.save(file)
            self.objects.upload(snapshot_key(saved_id), file)
            return Saved(saved_id, _digest(file))
        finally:
            file.unlink(missing_ok=True)

    def discard_old(self, current_id: str, now: datetime) -> int:
        """Delete the files of all snapshots that are older than KEPT and do not count, be it that
        they never have; returns how many.
        """
        newest = snapshot_key(last_id(ID_PREFIX, now - KEPT))
        keys = [
            key
            for key in self.objects.list_keys(f"{Snapshot.prefix}{ID_PREFIX}_")
            if key <= newest and key != snapshot_key(current_id)
        ]
        self.objects.delete(keys)
        return len(keys)


def snapshot_key(snapshot_id: str) -> str:
    """Where a snapshot's file is kept."""
    return f"{Snapshot.prefix}{snapshot_id}.duckdb"


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def fingerprint_columns() -> str:
    """Differs when the columns of any table do: a snapshot with others is built anew."""
    columns = (
        (each.name, each.kind, each.sort_key, each.indexed) for each in read_stored_columns()
    )
    words = ",".join(" ".join(map(str, each)) for each in (*columns, *TABLES_BESIDE.items()))
    return sha256(words.encode()).hexdigest()[:16]
