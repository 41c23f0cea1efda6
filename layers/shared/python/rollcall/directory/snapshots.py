"""Snapshots of the directory: files in S3, and one item for each set of columns that says which
of them is current.

``snapshot_writing`` writes them. The item is updated only when the new file is complete, and only
if it has not changed since. So no reader sees an incomplete snapshot, and of two snapshots that
are written at the same time, one is discarded.

Two versions of the code with different columns use different items. Each reads and writes only its
own, so both have lists while one replaces the other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
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
UNUSED_AFTER = timedelta(days=30)
"""How long the snapshot of other columns is retained for a return to their version of the code. It
catches up from the journal then, which is faster than reading all users from the table."""


class Snapshot(StoredObject):
    """The files of snapshots, named after their ids."""

    prefix: ClassVar[str] = "directory/"
    layers: ClassVar[tuple[str, ...]] = ("duckdb",)
    memory: ClassVar[int] = 2048
    ephemeral_storage: ClassVar[int] = 2048


class DirectoryState(Row):
    """The current snapshot of one set of columns, and the time from which journal entries must be
    applied to it.
    """

    model_config = ConfigDict(extra="ignore")

    partition: ClassVar[str] = "DIRECTORY"

    snapshot_id: str
    origin: str = ""
    """The id of the snapshot that was built from the table and that this one is based on. It is the
    snapshot's own id if it was built from the table itself."""
    sha256: str = ""
    """The hash of the file, which is checked because opening the file does not read all of it."""
    etag: str = ""
    """S3's tag of the file, which shows without a download whether it has changed."""
    since: Time
    written_at: Time
    rows: int
    columns: str
    """The fingerprint of the columns that the snapshot was written with."""
    expires_at: int = 0
    """In epoch seconds; set when it is stored. Each use of the snapshot puts it off."""

    def key(self) -> Key:
        """One item for each set of columns."""
        return _key_of(self.columns)

    @classmethod
    def read(cls, table: Table) -> Self | None:
        """The current state of the columns of this version; None before their first snapshot."""
        item = table.get_item(_key_of(fingerprint_columns()))
        return cls.model_validate(item) if item else None

    @classmethod
    def list_retained(cls, table: Table, now: datetime) -> frozenset[str]:
        """The ids of the snapshots that are current for any columns, and were used recently."""
        # An item of another version may have other attributes, but these.
        unused = format_time(now - UNUSED_AFTER)
        items = table.query_partition(cls.partition, names=("snapshotId", "since"))
        return frozenset(item["snapshotId"] for item in items if item["since"] > unused)

    def replace(self, table: Table, before: Self | None) -> bool:
        """Make this the current state. Returns False if ``before`` is no longer current."""
        expires_at = int((self.since + UNUSED_AFTER).timestamp())
        item = self.model_copy(update={"expires_at": expires_at}).item()
        if before is None:
            return table.put_once(item)
        moved = {"snapshotId": before.snapshot_id, "since": format_time(before.since)}
        values = {name: value for name, value in item.items() if name not in self.key()._fields}
        return table.update_unversioned(self.key(), values, when=moved)


def _key_of(columns: str) -> Key:
    return Key(DirectoryState.partition, f"COLUMNS#{columns}")


class Damaged(Exception):
    """A snapshot's file is missing or has been changed."""


class Saved(NamedTuple):
    """A snapshot's file that has been written."""

    snapshot_id: str
    sha256: str
    etag: str


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

    def has_changed(self, state: DirectoryState) -> bool:
        """Whether the file of a snapshot is missing or has been replaced, without a download."""
        return self.objects.find_tag(snapshot_key(state.snapshot_id)) != state.etag

    def save(self, database: Database, now: datetime) -> Saved:
        """Write a snapshot, without making it the current one."""
        saved_id = new_id(ID_PREFIX, now)
        file = database.folder / f"{saved_id}.duckdb"
        try:
            database.save(file)
            etag = self.objects.upload(snapshot_key(saved_id), file)
            return Saved(saved_id, _digest(file), etag)
        finally:
            file.unlink(missing_ok=True)

    def discard_old(self, retained_ids: Collection[str], now: datetime) -> int:
        """Delete the files of all snapshots that are older than RETAINED and not among these,
        including those that never were current. Returns the number of files.
        """
        retained = {snapshot_key(each) for each in retained_ids}
        newest = snapshot_key(last_id(ID_PREFIX, now - RETAINED))
        keys = [
            key
            for key in self.objects.list_keys(f"{Snapshot.prefix}{ID_PREFIX}_")
            if key <= newest and key not in retained
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
    """Identifies the columns of all tables and their contents. A version of the code with another
    one has a snapshot of its own.
    """
    columns = (
        (each.name, each.kind, each.sort_key, each.indexed) for each in read_stored_columns()
    )
    order = (COLLATION, SORTED_CHARACTERS, unicodedata.unidata_version)
    others = (*RELATED_TABLES.items(), order)
    words = ",".join(" ".join(map(str, each)) for each in (*columns, *others))
    return sha256(words.encode()).hexdigest()[:16]
