"""New snapshots: from the one that counts and what has changed since, or from the table itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.directory.database import Database
from rollcall.directory.directory import DIRECTORY, Directory
from rollcall.directory.rebuilding import Reading, SnapshotPart
from rollcall.directory.snapshots import (
    Damaged,
    DirectoryState,
    Snapshot,
    Store,
    fingerprint_columns,
)
from rollcall.kit.call import Call
from rollcall.kit.job import Report
from rollcall.kit.journal_tail import LOOK_BACK
from rollcall.kit.log import logger

READS = (*DIRECTORY, SnapshotPart)
WRITES = (DirectoryState, Snapshot, SnapshotPart)
"""What the jobs that write snapshots declare."""
WORTH_WRITING = 500
"""How many changed rows are worth a snapshot at once; fewer are read from the journal until
NO_OLDER_THAN."""
NO_OLDER_THAN = timedelta(hours=1)
INDEX_LAG = timedelta(minutes=15)
"""How far the index that lists all users may be behind; whoever is missing from it is found in
the journal since."""
TIME_TO_READ = timedelta(minutes=8)
"""How long one run reads users from the table: at a thousand a second or so, half a million. Of
the 15 minutes that a function may take, the last partition, the building and the storing need
the rest."""


class CompactionReport(Report):
    """What was done about the snapshot."""

    changes: int = 0
    """Users who have changed since the last one."""
    rows: int = 0
    """Of the new snapshot; 0: none was written."""
    rebuilt: bool = False
    unfinished: bool = False
    """Whether reading all users has yet to come to its end, in the next run."""
    overtaken: bool = False
    """Whether another run was faster; this one's file is cleared away by a later run."""
    discarded_files: int = 0


def compact(call: Call) -> CompactionReport:
    """Write a new snapshot if it is worth it; without a readable one, from the table itself."""
    state = DirectoryState.read(call.table)
    begun = Reading.find(call.runtime.objects, call.now, Path())
    if state is None or not state.readable or begun:
        return rebuild(call)
    directory = Directory(call.table, call.runtime.objects)
    try:
        directory.load(state, call.now)
    except Damaged as damaged:
        logger.error("snapshot_damaged", reason=str(damaged))
        return rebuild(call)
    changes = directory.changes
    if not is_worth_writing(changes, call.now - state.written_at):
        return _move_on(call, state, directory)
    return _write(call, state, directory.database, directory.since, origin=state.origin).model_copy(
        update={"changes": changes}
    )


def is_worth_writing(changes: int, age: timedelta) -> bool:
    """Whether so many changes are worth a new snapshot when the last one is so old."""
    return changes >= WORTH_WRITING or (changes > 0 and age >= NO_OLDER_THAN)


def rebuild(call: Call, time: timedelta = TIME_TO_READ) -> CompactionReport:
    """Write a new snapshot from the table, whatever the present one says; or go on with that, and
    leave to the next run what there is no ``time`` for.
    """
    database, objects = Database(), call.runtime.objects
    with TemporaryDirectory(dir=database.folder) as name:
        folder = Path(name)
        reading = Reading.find(objects, call.now, folder) or Reading(call.now, folder)
        reading.take_over(objects)
        read: list[Path] = []
        for file in reading.read_missing(call.table):
            read.append(file)
            if call.runtime.clock() - call.now > time:
                reading.keep(objects, read)
                return CompactionReport(unfinished=True)
        database.build(folder.iterdir())
    # It needs nothing of what counts by now, however often that was replaced meanwhile.
    state = DirectoryState.read(call.table)
    report = _write(call, state, database, reading.begun_at - LOOK_BACK - INDEX_LAG)
    reading.discard(objects)
    return report.model_copy(update={"rebuilt": True})


def _move_on(call: Call, state: DirectoryState, directory: Directory) -> CompactionReport:
    """Without changes, let the journal be read from a later time on."""
    changes = directory.changes
    if not changes and directory.since > state.since:
        state.model_copy(update={"since": directory.since}).replace(call.table, state)
    return CompactionReport(changes=changes)


def _write(
    call: Call,
    before: DirectoryState | None,
    database: Database,
    since: datetime,
    origin: str | None = None,
) -> CompactionReport:
    store = Store(call.runtime.objects)
    rows = database.count()
    snapshot_id, digest = store.save(database, call.now)
    after = DirectoryState(
        snapshot_id=snapshot_id,
        origin=snapshot_id if origin is None else origin,
        sha256=digest,
        since=since,
        written_at=call.now,
        rows=rows,
        columns=fingerprint_columns(),
    )
    moved = after.replace(call.table, before)
    present = after if moved else DirectoryState.read(call.table)
    # It may have been moved by the very call whose answer was lost. Files that never count are
    # cleared away later, when nobody can be wrong about it.
    if present is None or present.snapshot_id != snapshot_id:
        return CompactionReport(overtaken=True)
    return CompactionReport(rows=rows, discarded_files=store.discard_old(snapshot_id, call.now))
