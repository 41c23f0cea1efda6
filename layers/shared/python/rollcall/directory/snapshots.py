"""Snapshots of the directory: files in S3, and one item that says which of them is current.

``snapshot_writing`` writes them. The item is updated only when the new file is complete, and only
if it has not changed since. So no reader sees an incomplete snapshot, and of two snapshots that
are written at the same time, one is discarded.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from hashlib import file_digest, sha256
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import duckdb
from pydantic import ConfigDict

from rollcall.directory.collation import COLLATION, SORTED_CHARACTERS
from rollcall.directory.columns import read_stored_columns
from rollcall.directory.database import Database
from rollcall.directory.tables import RELATED_TABLES
from rollcall.kit.entity import Key, Row
from rollcall.kit.ids import last_id, new_id
from rollcall.kit.model import Time, format_time
from rollcall.kit.objects import Objects, StoredObject
from rollcall.kit.table import Table

ID_PREFIX = "snp"
RETAINED = timedelta(hours=1)
"""How long a replaced snapshot is retained for readers."""


class Snapshot(StoredObject):
    """The files of snapshots, named after their ids."""

    prefix: ClassVar[str] = "directory/"
    layers: ClassVar[tuple[str, ...]] = ("duckdb",)
    memory: ClassVar[int] = 2048
    ephemeral_storage: ClassVar[int] = 2048


class DirectoryState(Row):
    """The current snapshot, and the time from which journal entries must be applied to it."""

    model_config = ConfigDict(extra="ignore")

    partition: ClassVar[str] = "DIRECTORY"

    snapshot_id: str
    origin: str = ""
    """The id of the snapshot that was built from the table and that this one is based on. It is the
    snapshot's own id if it was built from the table itself."""
    sha256: str = ""
    """The hash of the file, which is checked because opening the file does not read all of it."""
    since: Time
    written_at: Time
    rows: int
    columns: str
    """The fingerprint of the columns that the snapshot was written with."""

    def key(self) -> Key:
        """The key of the only item of this kind."""
        return _STATE

    @classmethod
    def read(cls, table: Table) -> Self | None:
        """The current state; None before the first snapshot."""
        item = table.get_item(_STATE)
        return cls.model_validate(item) if item else None

    @property
    def readable(self) -> bool:
        """Whether the snapshot has the columns of this version."""
        return self.columns == fingerprint_columns()

    def replace(self, table: Table, before: Self | None) -> bool:
        """Make this the current state. Returns False if ``before`` is no longer current."""
        if before is None:
            return table.put_once(self.item())
        moved = {"snapshotId": before.snapshot_id, "since": format_time(before.since)}
        values = self.model_dump(mode="json", by_alias=True)
        return table.update_unversioned(_STATE, values, when=moved)


_STATE = Key(DirectoryState.partition, DirectoryState.partition)


class Damaged(Exception):
    """A snapshot's file is missing or has been changed."""


class Saved(NamedTuple):
    """A snapshot's file that has been written."""

    snapshot_id: str
    sha256: str


class Store(NamedTuple):
    """Stores snapshots in S3."""

    objects: Objects

    def load(self, state: DirectoryState, database: Database) -> None:
        """Load the current snapshot into a database. Raises Damaged."""
        file = database.folder / f"{state.snapshot_id}.duckdb"
        if not self.objects.download(snapshot_key(state.snapshot_id), file):
            raise Damaged(f"{state.snapshot_id} is missing.")
        if _digest(file) != state.sha256:
            raise Damaged(f"{state.snapshot_id} has another hash.")
        try:
            database.load(file)
        except duckdb.Error as error:
            raise Damaged(f"{state.snapshot_id} cannot be read.") from error

    def save(self, database: Database, now: datetime) -> Saved:
        """Write a snapshot, without making it the current one."""
        saved_id = new_id(ID_PREFIX, now)
        file = database.folder / f"{saved_id}.duckdb"
        try:
            database.save(file)
            self.objects.upload(snapshot_key(saved_id), file)
            return Saved(saved_id, _digest(file))
        finally:
            file.unlink(missing_ok=True)

    def discard_old(self, current_id: str, now: datetime) -> int:
        """Delete the files of all snapshots that are older than RETAINED and not current, including
        those that never were. Returns the number of files.
        """
        newest = snapshot_key(last_id(ID_PREFIX, now - RETAINED))
        keys = [
            key
            for key in self.objects.list_keys(f"{Snapshot.prefix}{ID_PREFIX}_")
            if key <= newest and key != snapshot_key(current_id)
        ]
        self.objects.delete(keys)
        return len(keys)


def snapshot_key(snapshot_id: str) -> str:
    """The key of a snapshot's file."""
    return f"{Snapshot.prefix}{snapshot_id}.duckdb"


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()


def fingerprint_columns() -> str:
    """Identifies the columns of all tables and their contents. If it changes, the snapshot is
    rebuilt.
    """
    columns = (
        (each.name, each.kind, each.sort_key, each.indexed) for each in read_stored_columns()
    )
    order = (COLLATION, SORTED_CHARACTERS, unicodedata.unidata_version)
    others = (*RELATED_TABLES.items(), order)
    words = ",".join(" ".join(map(str, each)) for each in (*columns, *others))
    return sha256(words.encode()).hexdigest()[:16]
