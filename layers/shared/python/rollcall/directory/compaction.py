"""New snapshots: from the one that counts and what has changed since, or from the table itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.directory.database import Database, write_rows
from rollcall.directory.directory import Directory
from rollcall.directory.records import read_rows
from rollcall.directory.snapshots import Damaged, DirectoryState, Store, fingerprint_columns
from rollcall.kit.call import Call
from rollcall.kit.job import Report
from rollcall.kit.journal import LOOK_BACK
from rollcall.kit.log import logger
from rollcall.kit.table import Table
from rollcall.users import LISTED

WORTH_WRITING = 500
"""How many changed rows are worth a snapshot at once; fewer are read from the journal until
NO_OLDER_THAN."""
NO_OLDER_THAN = timedelta(hours=1)
INDEX_LAG = timedelta(minutes=15)
"""How far the index that lists all users may be behind; whoever is missing from it is found in
the journal since."""
READ_AT_ONCE = 1000


class CompactionReport(Report):
    """What was done about the snapshot."""

    changes: int = 0
    """Users who have changed since the last one."""
    rows: int = 0
    """Of the new snapshot; 0: none was written."""
    rebuilt: bool = False
    overtaken: bool = False
    """Whether another run was faster, so that this one's files were thrown away."""
    discarded_files: int = 0


def compact(call: Call) -> CompactionReport:
    """Write a new snapshot if it is worth it; without a readable one, from the table itself."""
    state = DirectoryState.read(call.table)
    if state is None or not state.readable:
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
    return _write(call, state, directory.database, directory.since).model_copy(
        update={"changes": changes}
    )


def is_worth_writing(changes: int, age: timedelta) -> bool:
    """Whether so many changes are worth a new snapshot when the last one is so old."""
    return changes >= WORTH_WRITING or (changes > 0 and age >= NO_OLDER_THAN)


def rebuild(call: Call) -> CompactionReport:
    """Write a new snapshot from the table, whatever the present one says: one Query a user."""
    state = DirectoryState.read(call.table)
    database = Database()
    with TemporaryDirectory(dir=database.folder) as name:
        database.build(_read_all(call.table, Path(name)))
    since = call.now - LOOK_BACK - INDEX_LAG
    return _write(call, state, database, since).model_copy(update={"rebuilt": True})


def _read_all(table: Table, folder: Path) -> Iterator[Path]:
    for number, ids in enumerate(batched(_list_ids(table), READ_AT_ONCE, strict=False)):
        file = folder / f"{number}.json"
        write_rows(file, (row for _, row in read_rows(table, ids) if row))
        yield file
        file.unlink()


def _list_ids(table: Table) -> Iterator[str]:
    for partition in LISTED:
        yield from (str(item["id"]) for item in table.query_index("gsi2", partition))


def _move_on(call: Call, state: DirectoryState, directory: Directory) -> CompactionReport:
    """Without changes, let the journal be read from a later time on."""
    changes = directory.changes
    if not changes and directory.since > state.since:
        state.model_copy(update={"since": directory.since}).replace(call.table, state)
    return CompactionReport(changes=changes)


def _write(
    call: Call, before: DirectoryState | None, database: Database, since: datetime
) -> CompactionReport:
    store = Store(call.runtime.objects)
    rows = database.count()
    snapshot_id = store.save(database, call.now)
    after = DirectoryState(
        snapshot_id=snapshot_id,
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
