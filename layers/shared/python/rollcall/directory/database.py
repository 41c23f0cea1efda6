"""The directory's rows in DuckDB: those of a snapshot's file, or in memory, changed row by row.

A snapshot is a file of DuckDB's own format, which is opened in the time that it takes to read its
head: what is asked about is read when it is asked about. The same rows as Parquet, from which
every column has to be written into memory first, took 2.4 s for a million users.

No SQL here holds anything but names of columns from the row's model, the paths of files made here
and placeholders.
"""

from __future__ import annotations

import gzip
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import batched
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock
from typing import Any, NamedTuple, Protocol
from weakref import finalize

import duckdb

from rollcall.directory.columns import (
    NUMBER_OF,
    Column,
    Kind,
    indexed_columns,
    read_stored_columns,
    sortable_columns,
)
from rollcall.directory.rows import StoredRow

BUCKETS = 1024
"""How many parts the order of each sortable column is cut into, each of about as many rows."""
ROWS_IN_BUCKET = 256
"""The fewest rows that are worth a bucket of their own."""
SKEWED_AT = 4
"""Buckets are made anew when the changes have made one of them so many times as large."""
FILES_AT_ONCE = 8
"""How many files' rows are in memory twice while they are taken over."""
PACKED_LITTLE = 1
"""gzip's fastest level."""
_AS_THEY_ARE = frozenset({"id", "email", "username", "nameKey", "searchText"})
"""Columns that are stored uncompressed. Nearly each of their values is there once, so that little
is saved; and pages read them at scattered places, and searches through and through."""
ROWS_IN_GROUP = 30_720
"""What a file is cut into, each part with its own dictionaries: a quarter of DuckDB's measure, at
which 26 rows from all over a million take two thirds of the time, and searching them no more."""
_DISPOSABLE = "RECOVERY_MODE no_wal_writes"
"""A file that nobody opens again after a crash needs no write-ahead log."""
_IN_MEMORY, _LOADED, _SAVED = "memory", "loaded", "saved"
"""What databases are called on the connection: the first one is DuckDB's own word."""
TABLES_BESIDE = {
    "facts": "source VARCHAR, name VARCHAR, number DOUBLE, text VARCHAR, moment TIMESTAMP, "
    '"pushedAt" TIMESTAMP',
    "elements": "list VARCHAR, value VARCHAR, number UHUGEINT",
}
"""The tables of what is said about users, by the key of whom. A snapshot has them in such an order
that a question about one fact or one element passes over the others."""
TIME_TEXT = "%Y-%m-%dT%H:%M:%S.%gZ"


class Bounds(NamedTuple):
    """Where the buckets of one sortable column begin: with which value and id; and, of the rows
    without a value, with which id.
    """

    present: list[tuple[Any, str]]
    absent: list[str]

    def bucket_of(self, value: Any, user_id: str) -> int:
        """The bucket that a row belongs to: from 0 up in the column's order; from -1 down for
        those without a value.
        """
        if value is None:
            return -1 - max(0, bisect_right(self.absent, user_id) - 1)
        return max(0, bisect_right(self.present, (value, user_id)) - 1)


def bucket_sql(column: Column) -> str:
    """The column that holds the bucket of a sortable column, quoted."""
    return f'"{column.name}Bucket"'


class Fetch(Protocol):
    """Puts a question to the tables."""

    def __call__(self, sql: str, parameters: Sequence[object] = (), /) -> list[tuple[Any, ...]]:
        """The rows that a SELECT answers."""
        ...


class Database:
    """The tables ``users``, ``facts``, and ``elements`` with those of the indexed lists. Readers on
    several threads each take a cursor.

    Facts and elements know their user by a number, ``key``, which compares faster than the id; a
    user has another one after each change.
    """

    def __init__(self) -> None:
        self._folder = Path(mkdtemp(prefix="rollcall-directory-"))
        finalize(self, rmtree, self._folder, ignore_errors=True)
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "temp_directory": str(self._folder),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                # It takes filtered users for fewer than the facts that are looked for among them.
                "disabled_optimizers": "build_side_probe_side",
            },
        )
        self._catalog = _IN_MEMORY
        self._bounds: dict[str, Bounds] = {}
        self._sources: Sequence[tuple[str, list[str], datetime]] | None = None
        self._writing = Lock()

    @property
    def folder(self) -> Path:
        """A folder for files on their way, gone with the process."""
        return self._folder

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a SELECT answers."""
        with self._open_cursor() as cursor:
            return cursor.execute(sql, parameters).fetchall()

    @contextmanager
    def hold(self) -> Iterator[Fetch]:
        """Ask several questions of one and the same state, whatever is replaced meanwhile."""
        with self._open_cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield lambda sql, parameters=(): cursor.execute(sql, parameters).fetchall()

    def load(self, file: Path) -> None:
        """Take over a snapshot's file, which is this database's own from then on. Raises
        ``duckdb.Error`` or ValueError for one that is none.
        """
        with self._writing:
            self._connection.execute(f"ATTACH '{file}' AS {_LOADED} ({_DISPOSABLE})")
            self._connection.execute(f"USE {_LOADED}")
            self._catalog = _LOADED
            ((text,),) = self._connection.execute("SELECT content FROM bounds").fetchall()
            bounds = json.loads(text)
            self._bounds = {
                each.name: _read_bounds(*bounds[each.name]) for each in sortable_columns()
            }

    def build(self, files: Iterable[Path]) -> None:
        """Take over rows from files that :func:`write_rows` has written, in place of all rows."""
        with self._writing:
            self._begin_anew()
            for some in batched(files, FILES_AT_ONCE, strict=False):
                self._stage(*some)
                self._take_over_staged()
            self._make_buckets()

    def replace(self, rows: Mapping[str, StoredRow | None]) -> None:
        """Let these users have these rows, or none."""
        file = self.folder / "changes.json"
        with self._writing:
            write_rows(file, (row for row in rows.values() if row), self._bounds)
            with self._all_or_nothing():
                had_facts = self._delete(list(rows))
                self._stage(file)
                self._take_over_staged()
            if had_facts or any(row.facts for row in rows.values() if row):
                self._sources = None

    def save(self, file: Path) -> None:
        """Write a snapshot's file."""
        with self._writing:
            if self._is_skewed():
                self._make_buckets()
            self._connection.execute(
                f"ATTACH '{file}' AS {_SAVED} ({_DISPOSABLE}, ROW_GROUP_SIZE {ROWS_IN_GROUP})"
            )
            try:
                self._copy_to(_SAVED)
            finally:
                self._connection.execute(f"DETACH {_SAVED}")

    def count(self) -> int:
        """How many users there are."""
        return int(self.fetch("SELECT count(*) FROM users")[0][0])

    def bucket_of(self, column: Column, value: Any, user_id: str) -> int:
        """The bucket that a row with this value, as JSON has it, belongs to."""
        return self._bounds[column.name].bucket_of(value, user_id)

    def list_sources(self) -> Sequence[tuple[str, list[str], datetime]]:
        """The sources of facts, with the names of theirs and the time that each last pushed any;
        worked out once after each change of any.
        """
        with self._writing:  # or a change that comes between would be passed over
            if self._sources is None:
                self._sources = self._find_sources()
            return self._sources

    def _find_sources(self) -> Sequence[tuple[str, list[str], datetime]]:
        sql = 'SELECT source, list(DISTINCT name), max("pushedAt") FROM facts GROUP BY source'
        return [(str(source), list(names), at) for source, names, at in self.fetch(sql)]

    @contextmanager
    def _open_cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._connection.cursor() as cursor:
            cursor.execute(f"USE {self._catalog}")
            yield cursor

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Several changes or none: a broken transaction would refuse all that comes later."""
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.Error):  # a COMMIT that was refused has ended it already
                self._connection.execute("ROLLBACK")
            raise

    def _begin_anew(self) -> None:
        self._connection.execute(f"CREATE OR REPLACE TABLE users ({_user_columns()})")
        for table, columns in TABLES_BESIDE.items():
            self._connection.execute(f"CREATE OR REPLACE TABLE {table} (key BIGINT, {columns})")
        self._sources = None
        self._bounds = {each.name: Bounds([], []) for each in sortable_columns()}

    def _copy_to(self, catalog: str) -> None:
        bounds = {name: [each.present, each.absent] for name, each in self._bounds.items()}
        names = ", ".join(_stored_names())
        copying: tuple[tuple[str, list[str]], ...] = (
            (f"CREATE TABLE {catalog}.users ({_user_columns()})", []),
            (f"INSERT INTO {catalog}.users BY NAME SELECT {names} FROM users", []),
            (f"CREATE TABLE {catalog}.facts AS FROM facts ORDER BY source, name, key", []),
            (f"CREATE TABLE {catalog}.elements AS FROM elements ORDER BY list, number, key", []),
            (f"CREATE TABLE {catalog}.bounds AS SELECT ? AS content", [json.dumps(bounds)]),
        )
        for sql, parameters in copying:
            self._connection.execute(sql, parameters)

    def _delete(self, user_ids: Sequence[str]) -> bool:
        """Delete these users; returns whether there were any facts about them."""
        select = "SELECT key FROM users WHERE id IN (SELECT unnest(?::VARCHAR[]))"
        keys = [key for (key,) in self._connection.execute(select, [user_ids]).fetchall()]
        of_facts, *_ = [self._delete_from(each, keys) for each in (*TABLES_BESIDE, "users")]
        return of_facts > 0

    def _delete_from(self, table: str, keys: Sequence[int]) -> int:
        gone = f"DELETE FROM {table} WHERE key IN (SELECT unnest(?::BIGINT[]))"
        return int(self._connection.execute(gone, [keys]).fetchall()[0][0])

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

    def _take_over_staged(self) -> None:
        names = ", ".join(_stored_names())
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

    def _is_skewed(self) -> bool:
        allowed = SKEWED_AT * _bucket_size(self.count())
        return any(
            self.fetch(
                f"SELECT 1 FROM users GROUP BY {bucket_sql(each)} HAVING count(*) > ? LIMIT 1",
                [allowed],
            )
            for each in sortable_columns()
        )

    def _make_buckets(self) -> None:
        """Cut the order of each sortable column into buckets of equal size."""
        size = _bucket_size(self.count())
        with self._all_or_nothing():
            for column in sortable_columns():
                self._cut(column, size)
            self._take_over_cuts()

    def _take_over_cuts(self) -> None:
        names = ", ".join(["key", *(f"users.{each.sql}" for each in _plain_columns())])
        cuts = {bucket_sql(each): _cut_table(each) for each in sortable_columns()}
        buckets = ", ".join(f"{cut}.bucket AS {bucket}" for bucket, cut in cuts.items())
        joined = " ".join(f"POSITIONAL JOIN {cut}" for cut in cuts.values())
        # Neighbours in the order that lists have by default lie beside each other.
        self._connection.execute(
            f"CREATE OR REPLACE TABLE users AS SELECT {names}, {buckets} FROM users {joined} "
            'ORDER BY "createdAt", id'
        )
        for cut in cuts.values():
            self._connection.execute(f"DROP TABLE {cut}")

    def _cut(self, column: Column, size: int) -> None:
        """Make a table with the buckets of one column, in the order of the users' own table."""
        key = key_sql(column)
        ranked = (
            f"SELECT rowid AS place, {key} IS NULL AS absent, (row_number() OVER "
            f"(PARTITION BY {key} IS NULL ORDER BY {key}, id) - 1) // {size} AS part FROM users"
        )
        self._connection.execute(
            f"CREATE TEMP TABLE {_cut_table(column)} AS SELECT "
            "CASE WHEN absent THEN -1 - part ELSE part END::INTEGER AS bucket "
            f"FROM ({ranked}) ORDER BY place"
        )
        text = f"strftime({key}, '{TIME_TEXT}')" if column.kind is Kind.TIME else key
        first = f"row_number() OVER (PARTITION BY bucket ORDER BY {key}, id) = 1"
        found = self._connection.execute(
            f"SELECT {text}, id FROM users POSITIONAL JOIN {_cut_table(column)} "
            f"QUALIFY {first} ORDER BY {key} NULLS LAST, id"
        ).fetchall()
        self._bounds[column.name] = Bounds(
            [(value, user_id) for value, user_id in found if value is not None],
            [user_id for value, user_id in found if value is None],
        )


def write_rows(
    file: Path, rows: Iterable[StoredRow], bounds: Mapping[str, Bounds] | None = None
) -> int:
    """Write rows as JSON Lines for :meth:`Database.build`, packed if the file is called ``.gz``, or
    with their buckets by ``bounds``; returns how many.
    """
    written = 0
    packed = file.suffix == ".gz"
    with gzip.open(file, "wt", PACKED_LITTLE) if packed else file.open("w") as out:
        for row in rows:
            line = row.model_dump(mode="json", by_alias=True)
            for name, each in (bounds or {}).items():
                line[f"{name}Bucket"] = each.bucket_of(line[_SORT_KEYS[name]], row.id)
            out.write(json.dumps(line) + "\n")
            written += 1
    return written


def key_sql(column: Column) -> str:
    """What a sortable column is sorted by, quoted."""
    return f'"{column.sort_key}"'


_SORT_KEYS = {each.name: str(each.sort_key) for each in sortable_columns()}


def _read_bounds(present: list[tuple[Any, str]], absent: list[str]) -> Bounds:
    return Bounds([(value, user_id) for value, user_id in present], absent)


def _bucket_size(rows: int) -> int:
    return max(ROWS_IN_BUCKET, rows // BUCKETS)


def _cut_table(column: Column) -> str:
    return f'"cut{column.name}"'


def _user_columns() -> str:
    """Those of the table of users, with their types."""
    columns = ["key BIGINT"]
    for each in _plain_columns():
        stored = " USING COMPRESSION uncompressed" if each.name in _AS_THEY_ARE else ""
        columns.append(f"{each.sql} {each.kind.value}{stored}")
    return ", ".join([*columns, *(f"{bucket_sql(each)} INTEGER" for each in sortable_columns())])


def _plain_columns() -> list[Column]:
    return [each for each in read_stored_columns() if each.kind is not Kind.FACTS]


def _stored_names() -> list[str]:
    return [
        "key",
        *(each.sql for each in _plain_columns()),
        *(bucket_sql(each) for each in sortable_columns()),
    ]
