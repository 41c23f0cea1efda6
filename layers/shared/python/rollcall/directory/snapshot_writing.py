"""Writes new snapshots: from the current one and the changes since, or from the table."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.directory.database import Database
from rollcall.directory.directory import DIRECTORY, Directory, list_changed_users
from rollcall.directory.snapshot_rebuilding import Reading, SnapshotPart
from rollcall.directory.snapshots import (
    Damaged,
    DirectoryState,
    Snapshot,
    Store,
    fingerprint_columns,
)
from rollcall.kit.call import Call
from rollcall.kit.job import Report
from rollcall.kit.journal_tail import LOOK_BACK, read_touches
from rollcall.kit.log import logger

READS = (*DIRECTORY, SnapshotPart)
WRITES = (DirectoryState, Snapshot, SnapshotPart)
"""The declarations of the jobs that write snapshots."""
WORTH_WRITING = 500
"""With this many changed rows, a snapshot is written immediately. Fewer are read from the journal
until the current snapshot is older than NO_OLDER_THAN."""
NO_OLDER_THAN = timedelta(hours=1)
INDEX_LAG = timedelta(minutes=15)
"""The assumed maximum delay of the index that lists all users. Users who are missing from it are
found in the journal."""
TIME_TO_READ = timedelta(minutes=8)
"""How long one run reads users from the table: at about a thousand a second, half a million. The
last partition, building the snapshot and storing it take the rest of a function's 15 minutes."""


class CompactionReport(Report):
    """The result of a run."""

    changes: int = 0
    """Users who have changed since the last snapshot."""
    rows: int = 0
    """Rows of the new snapshot. 0: none was written."""
    rebuilt: bool = False
    unfinished: bool = False
    """Whether the next run has to continue reading all users."""
    overtaken: bool = False
    """Whether another run was faster. A later run deletes this one's file."""
    discarded_files: int = 0


def compact(call: Call) -> CompactionReport:
    """Write a new snapshot if enough has changed; from the table if there is none of the columns of
    this version. The snapshot is downloaded only then: the journal says how much has changed.
    """
    state = DirectoryState.read(call.table)
    if state is None:
        return rebuild(call)
    changes = len(list_changed_users(read_touches(call.table, state.since, call.now)))
    store = Store(call.runtime.objects)
    is_damaged = store.has_changed(state)
    if not changes and not is_damaged:
        return _move_on(call, state)
    if Reading.find(call.runtime.objects, call.now, Path()):
        return rebuild(call)
    if not is_damaged and not is_worth_writing(changes, call.now - state.written_at):
        return CompactionReport(changes=changes)
    return _update(call, state)


def _update(call: Call, state: DirectoryState) -> CompactionReport:
    """Write a new snapshot from the current one, or from the table if it is damaged."""
    directory = Directory(call.table, call.runtime.objects)
    try:
        directory.load(state, call.now)
    except Damaged as damaged:
        logger.error("snapshot_damaged", reason=str(damaged))
        return rebuild(call)
    report = _write(call, state, directory.database, directory.since, origin=state.origin)
    return report.model_copy(update={"changes": directory.changes})


def is_worth_writing(changes: int, age: timedelta) -> bool:
    """Whether this many changes are worth a new snapshot when the last one has this age."""
    return changes >= WORTH_WRITING or (changes > 0 and age >= NO_OLDER_THAN)


def rebuild(call: Call, time: timedelta = TIME_TO_READ) -> CompactionReport:
    """Write a new snapshot from the table without using the current one. Continues an unfinished
    reading, and leaves the rest to the next run after ``time``.
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
                reading.store(objects, read)
                return CompactionReport(unfinished=True)
        database.build(folder.iterdir())
    # The new snapshot does not depend on the current one, which may have been replaced meanwhile.
    state = DirectoryState.read(call.table)
    report = _write(call, state, database, reading.begun_at - LOOK_BACK - INDEX_LAG)
    reading.discard(objects)
    return report.model_copy(update={"rebuilt": True})


def _move_on(call: Call, state: DirectoryState) -> CompactionReport:
    """Nothing has changed, so readers can read the journal from a later time."""
    since = call.now - LOOK_BACK
    if since > state.since:
        state.model_copy(update={"since": since}).replace(call.table, state)
    return CompactionReport()


def _write(
    call: Call,
    before: DirectoryState | None,
    database: Database,
    since: datetime,
    origin: str | None = None,
) -> CompactionReport:
    store = Store(call.runtime.objects)
    rows = database.count()
    saved = store.save(database, call.now)
    after = DirectoryState(
        **saved._asdict(),
        origin=saved.snapshot_id if origin is None else origin,
        since=since,
        written_at=call.now,
        rows=rows,
        columns=fingerprint_columns(),
    )
    moved = after.replace(call.table, before)
    present = after if moved else DirectoryState.read(call.table)
    # The update may have succeeded although its response was lost. Files of snapshots that never
    # became current are deleted later, when there is no doubt about it.
    if present is None or present.snapshot_id != saved.snapshot_id:
        return CompactionReport(overtaken=True)
    retained = {saved.snapshot_id, *DirectoryState.list_retained(call.table, call.now)}
    return CompactionReport(rows=rows, discarded_files=store.discard_old(retained, call.now))
