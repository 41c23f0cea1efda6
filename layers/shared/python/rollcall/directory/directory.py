"""The directory in one process: a snapshot, with what has changed since laid over it.

What has been committed before :meth:`Directory.refresh` is called is in it afterwards: the journal
says whom to read again, and they are read from the table, strongly consistent.
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
"""What every function that asks the directory declares to read."""
CHANGES_AT_ONCE = 2000
"""How many users are read before their rows are replaced."""
FOLLOWED_AT_MOST = 10_000
"""How many users one question waits for at most: they take ten seconds or so."""
RELOADED_AFTER = 20_000
"""After so many changes a process takes the newest snapshot rather than go on with its own."""


class Directory:
    """All users, as they were at the last refresh."""

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
        """How many rows have been replaced since the snapshot was loaded."""
        self.database = Database()

    def refresh(self, now: datetime) -> Database:
        """Take over what has changed, and return the database that has it. Raises Unavailable while
        there is no snapshot to begin with, or none with the columns of today, or only a damaged
        one, or while so much has changed that it takes several calls to follow.
        """
        with self._refreshing:
            state = DirectoryState.read(self._table)
            if state is None or not state.readable:
                raise _being_built()
            if self._since is None or self._is_outdated(self._since, state):
                state = self._load(state)
            # Up to there nothing has changed, if the snapshot is still the one that was loaded.
            self._since = max(self.since, state.since)
            if not self._follow(now, self._at_most):
                raise _catching_up()
            return self.database

    def load(self, state: DirectoryState, now: datetime) -> None:
        """Take a snapshot and what has changed since. Raises Damaged."""
        with self._refreshing:
            self._take(state)
            self._follow(now)

    def _is_outdated(self, since: datetime, state: DirectoryState) -> bool:
        """Whether to take the newest snapshot: it says more than the journal since, or says it
        faster, or what counts has been built from the table anew.
        """
        if self._loaded.snapshot_id == state.snapshot_id:
            return False
        is_worn = self.changes > max(RELOADED_AFTER, state.rows // 10)
        return since < state.since or is_worn or self._loaded.origin != state.origin

    def _load(self, state: DirectoryState) -> DirectoryState:
        try:
            self._take(state)
        except Damaged:
            # It may have been replaced, and cleared away, since the item was read.
            latest = DirectoryState.read(self._table)
            if latest is None or latest.snapshot_id == state.snapshot_id:
                raise _being_built() from None
            return self._load(latest)
        return state

    def _take(self, state: DirectoryState) -> None:
        self._since = None
        # Whoever is asking on another thread goes on with the one that they have.
        self.database = Database()
        self._store.load(state, self.database)
        self._seen, self._since, self.changes = set(), state.since, 0
        self._loaded = state

    def _follow(self, now: datetime, at_most: int | None = None) -> bool:
        """Read the users anew whom the journal's entries since the last time are about; returns
        whether these were all.
        """
        touches = list(read_touches(self._table, self.since, now))
        fresh = [each for each in touches if each.entry_id not in self._seen]
        changed = list(dict.fromkeys(_users_in(fresh)))
        followed = changed[:at_most]
        for some in batched(followed, CHANGES_AT_ONCE, strict=False):
            self.database.replace(dict(read_rows(self._table, some)))
        self.changes += len(followed)
        if len(followed) < len(changed):
            known = frozenset(followed)
            self._seen |= {each.entry_id for each in fresh if known.issuperset(_users_in([each]))}
            return False
        # Entries that carry an earlier time than now may still come; those met are known.
        self._seen = {each.entry_id for each in touches}
        self._since = max(self.since, now - LOOK_BACK)
        return True

    @property
    def since(self) -> datetime:
        """From when on the journal's entries may not all be in it."""
        if self._since is None:
            raise RuntimeError("Nothing has been loaded.")
        return self._since


def _users_in(touches: Iterable[Touch]) -> Iterable[str]:
    for touch in touches:
        if touch.kind == User.kind:
            yield touch.target_id
        yield from touch.others


@lru_cache(maxsize=1)
def _open(table: Table, objects: Objects) -> Directory:
    return Directory(table, objects)


def open_directory(call: Call) -> Database:
    """The directory as it is now; a warm process only takes over what has changed. Raises
    Unavailable while it is being built.
    """
    directory = _open(call.runtime.table, call.runtime.objects)
    return directory.refresh(call.runtime.clock())


def _being_built() -> Unavailable:
    detail = (
        "The directory is being built from the table, which takes about a minute for each 50,000 "
        "users; ask again then. Single users can be read and changed meanwhile."
    )
    return Unavailable("directory_being_built", detail)


def _catching_up() -> Unavailable:
    detail = (
        "So many users have just been changed that the directory needs some time to take them "
        "over; ask again in a few seconds."
    )
    return Unavailable("directory_catching_up", detail)
