"""The directory in one process: a snapshot with all changes since.

After :meth:`Directory.refresh`, it includes everything that was committed before the call: the
journal says which users have changed, and these are read from the table, strongly consistent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import batched
from threading import Lock

from rollcall.directory.database import Database
from rollcall.directory.records import read_rows
from rollcall.directory.snapshots import Damaged, DirectoryState, Snapshot, Store
from rollcall.kit.call import Call
from rollcall.kit.errors import Unavailable
from rollcall.kit.journal_tail import LOOK_BACK, JournalTail, Touch, read_touches
from rollcall.kit.objects import Objects
from rollcall.kit.table import Table
from rollcall.users.user import User

DIRECTORY = (User, JournalTail, DirectoryState, Snapshot)
"""What every function that uses the directory declares to read."""
ANSWERS_WITHIN = 4.0
"""The seconds that the queries of one answer can take (I23). With the rest of a call, the answer
comes in five seconds, or is a refusal. Ordinary queries take milliseconds."""
ALL_READ_WITHIN = 20.0
"""The same for answers that read all users: exports, which write for up to 12 seconds, and previews
of the clean-up."""
CHANGES_AT_ONCE = 2000
"""The number of users to read before their rows are replaced."""
FOLLOWED_AT_MOST = 10_000
"""The most changed users that one call reads. They take about ten seconds."""
RELOADED_AFTER = 20_000
"""After this many changes, a process loads the current snapshot instead of updating its own."""


class Directory:
    """All users at the time of the last refresh."""

    def __init__(
        self, table: Table, objects: Objects, followed_at_most: int = FOLLOWED_AT_MOST
    ) -> None:
        self._table = table
        self._at_most = followed_at_most
        self._store = Store(objects)
        self._refreshing = Lock()
        self._seen: set[str] = set()
        self._since: datetime | None = None
        self.changes = 0
        """The number of rows that were replaced since the snapshot was loaded."""
        self.database = Database()

    def refresh(self, now: datetime) -> Database:
        """Apply all changes and return the database. Raises Unavailable while there is no snapshot
        with the columns of this version, or only a damaged one, and while there are too many
        changes to apply in one call.
        """
        with self._refreshing:
            state = DirectoryState.read(self._table)
            if state is None:
                raise _being_built()
            if self._since is None or self._is_outdated(self._since, state):
                state = self._load(state)
            # If the loaded snapshot is still the current one, nothing has changed until then.
            self._since = max(self.since, state.since)
            if not self._follow(now, self._at_most):
                raise _catching_up()
            return self.database

    def load(self, state: DirectoryState, now: datetime) -> None:
        """Load a snapshot and apply the changes since. Raises Damaged."""
        with self._refreshing:
            self._take(state)
            self._follow(now)

    def _is_outdated(self, since: datetime, state: DirectoryState) -> bool:
        """Whether to load the current snapshot: it is newer than the applied changes, or loading it
        is faster than updating this one, or it was rebuilt from the table.
        """
        if self._loaded.snapshot_id == state.snapshot_id:
            return False
        is_worn = self.changes > max(RELOADED_AFTER, state.rows // 10)
        return since < state.since or is_worn or self._loaded.origin != state.origin

    def _load(self, state: DirectoryState) -> DirectoryState:
        try:
            self._take(state)
        except Damaged:
            # It may have been replaced and deleted since the item was read.
            latest = DirectoryState.read(self._table)
            if latest is None or latest.snapshot_id == state.snapshot_id:
                raise _being_built() from None
            return self._load(latest)
        return state

    def _take(self, state: DirectoryState) -> None:
        self._since = None
        # Queries in other threads continue with the previous database.
        self.database = Database()
        self._store.load(state, self.database)
        self._seen, self._since, self.changes = set(), state.since, 0
        self._loaded = state

    def _follow(self, now: datetime, at_most: int | None = None) -> bool:
        """Read the users again that the journal's entries since the last time name. Returns whether
        these were all.
        """
        touches = list(read_touches(self._table, self.since, now))
        fresh = [each for each in touches if each.entry_id not in self._seen]
        changed = list_changed_users(fresh)
        followed = changed[:at_most]
        for some in batched(followed, CHANGES_AT_ONCE, strict=False):
            self.database.replace(dict(read_rows(self._table, some)))
        self.changes += len(followed)
        if len(followed) < len(changed):
            known = frozenset(followed)
            self._seen |= {each.entry_id for each in fresh if known.issuperset(_users_in([each]))}
            return False
        # Entries with an earlier time can still arrive. Those that have been applied are known.
        self._seen = {each.entry_id for each in touches}
        self._since = max(self.since, now - LOOK_BACK)
        return True

    @property
    def since(self) -> datetime:
        """The time from which journal entries may be missing."""
        if self._since is None:
            raise RuntimeError("No snapshot has been loaded.")
        return self._since


def list_changed_users(touches: Iterable[Touch]) -> list[str]:
    """The users whose entries in lists have changed, each once."""
    return list(dict.fromkeys(_users_in(touches)))


def _users_in(touches: Iterable[Touch]) -> Iterable[str]:
    for touch in touches:
        if touch.kind == User.kind:
            yield touch.target_id
        yield from touch.others


@lru_cache(maxsize=1)
def _open(table: Table, objects: Objects) -> Directory:
    return Directory(table, objects)


def open_directory(call: Call, answers_within: float | None = ANSWERS_WITHIN) -> Database:
    """The current directory. A warm process only applies the changes. Its queries can take
    ``answers_within`` seconds together, and raise Invalid after that; None: any time.

    Raises Unavailable while the directory is being built.
    """
    directory = _open(call.runtime.table, call.runtime.objects)
    database = directory.refresh(call.runtime.clock())
    return database if answers_within is None else database.limited(answers_within)


def _being_built() -> Unavailable:
    detail = (
        "The directory is being built from the table, which takes about a minute for each 50,000 "
        "users. Try again later. You can read and change single users meanwhile."
    )
    return Unavailable("directory_being_built", detail)


def _catching_up() -> Unavailable:
    detail = (
        "Many users have just been changed, and the directory is still being updated. Try again in "
        "a few seconds."
    )
    return Unavailable("directory_catching_up", detail)
