"""The directory's rows in DuckDB: in a snapshot's file, or in memory. Rows are replaced one by one.

A snapshot is a file in DuckDB's own format. Opening it only reads its header; data is read when a
query needs it. The same rows as Parquet, which must be loaded into memory first, took 2.4 s for a
million users.

SQL consists only of column names of the row's model, of paths of files that this process creates,
and of placeholders. It never contains any input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from datetime import datetime
from itertools import batched
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Protocol, Self
from weakref import finalize

import duckdb

from rollcall.directory.buckets import (
    Bounds,
    are_skewed,
    no_bounds,
    read_bounds,
    rebuild_buckets,
    write_bounds,
)
from rollcall.directory.columns import (
    NUMBER_OF,
    Column,
    indexed_columns,
    read_stored_columns,
    sortable_columns,
)
from rollcall.directory.row_files import write_rows
from rollcall.directory.rows import StoredRow
from rollcall.directory.tables import RELATED_TABLES, define_user_columns, user_column_names
from rollcall.kit.errors import Invalid

FILES_AT_ONCE = 8
"""The number of files whose rows are in memory twice while they are loaded."""
ROWS_IN_GROUP = 30_720
"""The row group size of a snapshot's file; each group has its own dictionaries. It is a quarter of
DuckDB's default: reading 26 scattered rows of a million takes two thirds of the time, and searching
takes no longer."""
INTERRUPTED_EVERY = 0.1
"""Seconds between the interruptions of a query that has exceeded its time."""
_DISPOSABLE = "RECOVERY_MODE no_wal_writes"
"""A file that is never opened again after a crash needs no write-ahead log."""
_IN_MEMORY, _LOADED, _SAVED = "memory", "loaded", "saved"
"""The names of the databases on the connection. DuckDB itself chooses the first one."""


class Fetch(Protocol):
    """Runs a query."""

    def __call__(self, sql: str, parameters: Sequence[object] = (), /) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT."""
        ...


class Database:
    """The tables ``users``, ``facts`` and ``elements``. ``elements`` has the elements of indexed
    lists. Threads can query it at the same time; each uses its own cursor.

    Facts and elements refer to their user by a number, ``key``, which compares faster than the id.
    A user gets a new key with each change.
    """

    def __init__(self) -> None:
        self._folder = Path(mkdtemp(prefix="rollcall-directory-"))
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "temp_directory": str(self._folder),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                # It wrongly expects filtered users to be fewer than the facts that they are joined
                # with.
                "disabled_optimizers": "build_side_probe_side",
            },
        )
        # Not with this object: a limited one can outlive it.
        finalize(self._connection, rmtree, self._folder, ignore_errors=True)
        self._catalog = _IN_MEMORY
        self._bounds: dict[str, Bounds] = {}
        self._sources: list[Sequence[tuple[str, list[str], datetime]]] = []
        """The sources of facts, if they are known. A list, so that limited databases share it."""
        self._writing = Lock()
        self._until: float | None = None

    def limited(self, seconds: float) -> Self:
        """The same database, for queries that may take this time together. Then the running query
        is interrupted, and raises Invalid.
        """
        limited = copy(self)
        limited._until = monotonic() + seconds
        return limited

    @property
    def folder(self) -> Path:
        """A folder for temporary files, deleted with the process."""
        return self._folder

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        with self._open_cursor() as cursor:
            return cursor.execute(sql, parameters).fetchall()

    @contextmanager
    def hold(self) -> Iterator[Fetch]:
        """Run several queries on the same state, even if rows are replaced in between."""
        with self._open_cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield lambda sql, parameters=(): cursor.execute(sql, parameters).fetchall()

    def load(self, file: Path) -> None:
        """Open a snapshot's file, which belongs to this database from then on. Raises
        ``duckdb.Error`` or ValueError if the file is not a snapshot.
        """
        with self._writing:
            self._connection.execute(f"ATTACH '{file}' AS {_LOADED} ({_DISPOSABLE})")
            self._connection.execute(f"USE {_LOADED}")
            self._catalog = _LOADED
            ((text,),) = self._connection.execute("SELECT content FROM bounds").fetchall()
            self._bounds = read_bounds(text)

    def build(self, files: Iterable[Path]) -> None:
        """Replace all rows with those from files that :func:`write_rows` has written."""
        with self._writing:
            self._clear()
            for some in batched(files, FILES_AT_ONCE, strict=False):
                self._stage(*some)
                self._insert_staged()
            self._rebuild_buckets()

    def replace(self, rows: Mapping[str, StoredRow | None]) -> None:
        """Replace the rows of these users; None deletes a user."""
        file = self.folder / "changes.json"
        with self._writing:
            kept = (row for row in rows.values() if row)
            write_rows(file, kept, self._bounds, self._connection)
            with self._transaction():
                had_facts = self._delete(list(rows))
                self._stage(file)
                self._insert_staged()
            if had_facts or any(row.facts for row in rows.values() if row):
                self._sources.clear()

    def save(self, file: Path) -> None:
        """Write a snapshot's file."""
        with self._writing:
            if are_skewed(self._connection):
                self._rebuild_buckets()
            self._connection.execute(
                f"ATTACH '{file}' AS {_SAVED} ({_DISPOSABLE}, ROW_GROUP_SIZE {ROWS_IN_GROUP})"
            )
            try:
                self._copy_to(_SAVED)
            finally:
                self._connection.execute(f"DETACH {_SAVED}")

    def count(self) -> int:
        """The number of users."""
        return int(self.fetch("SELECT count(*) FROM users")[0][0])

    def bucket_of(self, column: Column, value: Any, user_id: str) -> int:
        """The bucket of a row with this value, in its JSON form."""
        return self._bounds[column.name].bucket_of(value, user_id)

    def list_sources(self) -> Sequence[tuple[str, list[str], datetime]]:
        """The sources of facts, each with the names of its facts and the time of its last push.
        The result is cached until a fact changes.
        """
        with self._writing:  # otherwise a change in between would be missed
            if not self._sources:
                self._sources.append(self._find_sources())
            return self._sources[0]

    def _find_sources(self) -> Sequence[tuple[str, list[str], datetime]]:
        sql = 'SELECT source, list(DISTINCT name), max("pushedAt") FROM facts GROUP BY source'
        return [(str(source), list(names), at) for source, names, at in self.fetch(sql)]

    @contextmanager
    def _open_cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"USE {self._catalog}")
            with _interrupted(cursor, self._until) if self._until else nullcontext():
                yield cursor

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Make several changes or none. A transaction left open after an error would make all later
        statements fail.
        """
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):  # a failed COMMIT has already ended the transaction
                self._connection.execute("ROLLBACK")
            raise

    def _clear(self) -> None:
        self._connection.execute(f"CREATE OR REPLACE TABLE users ({define_user_columns()})")
        for table, columns in RELATED_TABLES.items():
            self._connection.execute(f"CREATE OR REPLACE TABLE {table} (key BIGINT, {columns})")
        self._sources.clear()
        self._bounds = no_bounds()

    def _copy_to(self, catalog: str) -> None:
        names = user_column_names()
        copying: tuple[tuple[str, list[str]], ...] = (
            (f"CREATE TABLE {catalog}.users ({define_user_columns()})", []),
            (f"INSERT INTO {catalog}.users BY NAME SELECT {names} FROM users", []),
            (f"CREATE TABLE {catalog}.facts AS FROM facts ORDER BY source, name, key", []),
            (f"CREATE TABLE {catalog}.elements AS FROM elements ORDER BY list, number, key", []),
            (f"CREATE TABLE {catalog}.bounds AS SELECT ? AS content", [write_bounds(self._bounds)]),
        )
        for sql, parameters in copying:
            self._connection.execute(sql, parameters)

    def _delete(self, user_ids: Sequence[str]) -> bool:
        """Delete these users; returns whether they had any facts."""
        select = "SELECT key FROM users WHERE id IN (SELECT unnest(?::VARCHAR[]))"
        keys = [key for (key,) in self._connection.execute(select, [user_ids]).fetchall()]
        of_facts, *_ = [self._delete_from(each, keys) for each in (*RELATED_TABLES, "users")]
        return of_facts > 0

    def _delete_from(self, table: str, keys: Sequence[int]) -> int:
        sql = f"DELETE FROM {table} WHERE key IN (SELECT unnest(?::BIGINT[]))"
        return int(self._connection.execute(sql, [keys]).fetchall()[0][0])

    def _stage(self, *files: Path) -> None:
        types = {each.name: each.kind.value for each in read_stored_columns()}
        types |= {f"{each.name}Bucket": "INTEGER" for each in sortable_columns()}
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE staged AS SELECT row_number() OVER () + "
            "(SELECT coalesce(max(key), 0) FROM users) AS key, * FROM read_json(?, "
            f"format = 'newline_delimited', columns = {{{columns}}})",
            [[str(file) for file in files]],
        )

    def _insert_staged(self) -> None:
        names = user_column_names()
        self._connection.execute(f"INSERT INTO users BY NAME SELECT {names} FROM staged")
        self._connection.execute(
            "INSERT INTO facts BY NAME SELECT key, unnest(facts, recursive := true) FROM staged"
        )
        for each in indexed_columns():
            elements = f"SELECT key, unnest({each.sql}) AS value FROM staged"
            self._connection.execute(
                f"INSERT INTO elements SELECT key, '{each.name}', value, "
                f"{NUMBER_OF.format('value')} FROM ({elements})"
            )

    def _rebuild_buckets(self) -> None:
        with self._transaction():
            self._bounds = rebuild_buckets(self._connection)


@contextmanager
def _interrupted(cursor: duckdb.DuckDBPyConnection, until: float) -> Iterator[None]:
    """Interrupt the cursor's queries from a time of the monotonic clock on. Raises Invalid then."""
    done = Event()

    def watch() -> None:
        wait = max(0.0, until - monotonic())
        # DuckDB ignores an interruption just before a query, so one is not enough.
        while not done.wait(wait):
            cursor.interrupt()
            wait = INTERRUPTED_EVERY

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except duckdb.InterruptException:
        message = (
            "These filters take too long for this number of users. Use fewer comparisons, or ask "
            "in several requests."
        )
        raise Invalid("filter_too_expensive", message) from None
    finally:
        done.set()
        watcher.join()
