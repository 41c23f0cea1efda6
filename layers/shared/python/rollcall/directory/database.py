"""The directory's rows in DuckDB: in memory, loaded from a snapshot's files, changed row by row.

No SQL here holds anything but names of columns from the row's model and placeholders.
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

from rollcall.directory.columns import Column, Kind, read_stored_columns, sortable_columns
from rollcall.directory.rows import StoredRow

USERS_FILE, FACTS_FILE, BOUNDS_FILE = SNAPSHOT_FILES = (
    "users.parquet",
    "facts.parquet",
    "bounds.json",
)
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
_FACTS = "facts"
_FACTS_IN_ORDER = f"{_FACTS} ORDER BY source, name, key"
"""So that a question about one fact passes over the others."""
_FACT_COLUMNS = (
    "source VARCHAR, name VARCHAR, number DOUBLE, text VARCHAR, moment TIMESTAMP, "
    '"pushedAt" TIMESTAMP'
)
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
    """The tables ``users`` and ``facts``. Readers on several threads each take a cursor.

    Facts know their user by a number, ``key``, which compares faster than the id; a user has
    another one after each change.
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
        self._bounds: dict[str, Bounds] = {}
        self._sources: Sequence[tuple[str, list[str], datetime]] | None = None
        self._writing = Lock()

    @property
    def folder(self) -> Path:
        """A folder for files on their way, gone with the process."""
        return self._folder

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a SELECT answers."""
        with self._connection.cursor() as cursor:
            return cursor.execute(sql, parameters).fetchall()

    @contextmanager
    def hold(self) -> Iterator[Fetch]:
        """Ask several questions of one and the same state, whatever is replaced meanwhile."""
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield lambda sql, parameters=(): cursor.execute(sql, parameters).fetchall()

    def load(self, folder: Path) -> None:
        """Take over a snapshot's files. Raises ``duckdb.Error`` or ValueError for damaged ones."""
        bounds = json.loads((folder / BOUNDS_FILE).read_text())
        with self._writing:
            self._begin_anew()
            names = ", ".join(_stored_names())
            self._insert("users", f"SELECT {names} FROM read_parquet(?)", folder / USERS_FILE)
            facts = "SELECT * FROM read_parquet(?)"
            self._insert(_FACTS, facts, folder / FACTS_FILE)
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

    def save(self, folder: Path) -> None:
        """Write a snapshot's files."""
        with self._writing:
            if self._is_skewed():
                self._make_buckets()
            for rows, file in (("users", USERS_FILE), (_FACTS_IN_ORDER, FACTS_FILE)):
                self._connection.execute(
                    f"COPY (FROM {rows}) TO '{folder / file}' (FORMAT parquet, COMPRESSION zstd)"
                )
            bounds = {name: [each.present, each.absent] for name, each in self._bounds.items()}
            (folder / BOUNDS_FILE).write_text(json.dumps(bounds))

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
        columns = ", ".join(
            ["key BIGINT"]
            + [f"{each.sql} {each.kind.value}" for each in _plain_columns()]
            + [f"{bucket_sql(each)} INTEGER" for each in sortable_columns()]
        )
        self._connection.execute(f"CREATE OR REPLACE TABLE users ({columns})")
        self._connection.execute(f"CREATE OR REPLACE TABLE facts (key BIGINT, {_FACT_COLUMNS})")
        self._sources = None
        self._bounds = {each.name: Bounds([], []) for each in sortable_columns()}

    def _insert(self, table: str, select: str, file: Path) -> None:
        self._connection.execute(f"INSERT INTO {table} BY NAME {select}", [str(file)])

    def _delete(self, user_ids: Sequence[str]) -> bool:
        """Delete these users; returns whether there were any facts about them."""
        select = "SELECT key FROM users WHERE id IN (SELECT unnest(?::VARCHAR[]))"
        keys = [key for (key,) in self._connection.execute(select, [user_ids]).fetchall()]
        of_facts, _ = [self._delete_from(table, keys) for table in (_FACTS, "users")]
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


def _plain_columns() -> list[Column]:
    return [each for each in read_stored_columns() if each.kind is not Kind.FACTS]


def _stored_names() -> list[str]:
    return [
        "key",
        *(each.sql for each in _plain_columns()),
        *(bucket_sql(each) for each in sortable_columns()),
    ]
