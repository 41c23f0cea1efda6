"""SQLite with FTS5 trigrams, in one file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from rollcall.directory.columns import Column, Kind
from tests.benchmarks.directory.engine import SqlEngine, read_lines, sql_columns
from tests.benchmarks.directory.postgresql import facts_of

_TYPES: Mapping[Kind, str] = {Kind.NUMBER: "INTEGER", Kind.BOOLEAN: "INTEGER"}
"""Other columns are text: times as they are written, lists and counts as JSON."""
_SHOWN = "WHERE status <> 'deleted'"
_INDEXES = (
    f'users ("createdAt" DESC, id DESC) {_SHOWN}',
    f'users ("lastLoginAt" DESC, id DESC) {_SHOWN}',
    f'users ("email" IS NULL, "email", id) {_SHOWN}',
    f'users ("nameKey" IS NULL, "nameKey", id) {_SHOWN}',
    'users (status, "createdAt")',
    "users (country, status)",
    'facts (source, name, number, "key")',
    'facts (source, name, text, "key")',
)


class SQLite(SqlEngine):
    """SQLite in the querying process, with the whole file in its cache."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._stack = ExitStack()

    def build(self, files: Sequence[Path]) -> None:
        connection = sqlite3.connect(self._file)
        connection.executescript(_tables())
        columns = sql_columns()
        places = ", ".join("?" * (len(columns) + 1))
        connection.executemany(f"INSERT INTO users VALUES ({places})", _users(files, columns))
        connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", facts_of(files))
        for table, column in _SIDE_TABLES.items():
            elements = f'users, json_each(users."{column}") AS each'
            connection.execute(
                f'INSERT INTO {table} SELECT DISTINCT each.value, users."key" FROM {elements} '
                "ORDER BY 1, 2"
            )
        for number, index in enumerate(_INDEXES):
            connection.execute(f"CREATE INDEX index{number} ON {index}")
        connection.execute("INSERT INTO search (search) VALUES ('rebuild')")
        connection.execute("INSERT INTO search (search) VALUES ('optimize')")
        connection.execute("ANALYZE")
        connection.commit()
        connection.close()

    def connect(self) -> None:
        self._before = _resident()
        connection = sqlite3.connect(self._file, isolation_level=None)
        self._connection = self._stack.enter_context(closing(connection))
        self.execute(f"PRAGMA cache_size = -{self.read_size() // 1024}")
        self.execute("PRAGMA synchronous = OFF")
        self.execute("PRAGMA journal_mode = MEMORY")

    def close(self) -> None:
        self._stack.close()

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        self._connection.execute(sql, parameters)

    def contains(self, text: str) -> str:
        return f'"key" IN (SELECT rowid FROM search WHERE search MATCH \'"{text}"\')'

    def in_any_group(self, group_ids: Sequence[str]) -> str:
        listed = ", ".join(f"'{each}'" for each in group_ids)
        return f'"key" IN (SELECT "key" FROM memberships WHERE value IN ({listed}))'

    def order_by(self, key: str, way: str, prefix: str = "") -> str:
        """NULL is the smallest value in SQLite, so it comes last in descending order."""
        last = f'{prefix}"{key}" IS NULL, ' if way == "ASC" else ""
        return f'{last}{prefix}"{key}" {way}, {prefix}id {way}'

    def month_of(self, column: str) -> str:
        return f'substr("{column}", 1, 7)'

    def count_user_types(self) -> str:
        return (
            f'SELECT value, count(*) FROM user_types JOIN users USING ("key") {_SHOWN} GROUP BY 1'
        )

    def spell(self, condition: str) -> str:
        return condition.replace("'{}'", "'[]'")

    def read_memory(self) -> int:
        return _resident() - self._before

    def read_size(self) -> int:
        return self._file.stat().st_size

    @property
    def _file(self) -> Path:
        return self.folder / "users.sqlite"


_SIDE_TABLES = {"memberships": "groups", "user_types": "userTypes"}


def _tables() -> str:
    columns = ", ".join(
        f"{each.sql} {_TYPES.get(each.kind, 'TEXT')}" + (" UNIQUE" if each.name == "id" else "")
        for each in sql_columns()
    )
    sides = "".join(
        f'CREATE TABLE {each} (value TEXT, "key" INTEGER, PRIMARY KEY (value, "key")) '
        "WITHOUT ROWID;"
        for each in _SIDE_TABLES
    )
    return f"""
        PRAGMA page_size = 8192;
        PRAGMA journal_mode = OFF;
        CREATE TABLE users ("key" INTEGER PRIMARY KEY, {columns});
        CREATE TABLE facts (
            "key" INTEGER, source TEXT, name TEXT, number REAL, text TEXT, moment TEXT
        );
        {sides}
        CREATE VIRTUAL TABLE search USING fts5(
            "searchText", content = 'users', content_rowid = 'key',
            tokenize = 'trigram case_sensitive 1'
        );
    """


def _users(files: Sequence[Path], columns: Sequence[Column]) -> Iterator[Sequence[object]]:
    nested = {each.name for each in columns if each.kind in {Kind.TEXTS, Kind.COUNTS}}
    for key, line in enumerate(read_lines(files), 1):
        yield (
            key,
            *(
                json.dumps(line.get(each.name)) if each.name in nested else line.get(each.name)
                for each in columns
            ),
        )


def _resident() -> int:
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) * 1024
