"""PostgreSQL, in a private cluster that exists as long as the benchmark runs."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from rollcall.directory.columns import Column, Kind
from tests.benchmarks.cold_init import install_comparison
from tests.benchmarks.directory.engine import Line, SqlEngine, read_lines, sql_columns

INSTALLED = Path("/usr/lib/postgresql")
HOW_TO_INSTALL = "PostgreSQL is not measured; it is with its server (apt-get install postgresql)."
UNPRIVILEGED = "postgres"
"""The user of the server if the benchmark runs as root, which the server refuses."""
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "shared_buffers": "4GB",
    "work_mem": "256MB",
    "maintenance_work_mem": "1GB",
    "effective_cache_size": "8GB",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    "synchronous_commit": "off",
    "max_wal_size": "8GB",
    "autovacuum": "off",
}
_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.NUMBER: "bigint",
    Kind.BOOLEAN: "boolean",
    Kind.TIME: "timestamptz",
    Kind.DATE: "date",
    Kind.TEXTS: "text[]",
    Kind.COUNTS: "jsonb",
}
_SHOWN = "WHERE status <> 'deleted'"
_INDEXES = (
    f'users ("createdAt" DESC NULLS LAST, id DESC) {_SHOWN}',
    f'users ("lastLoginAt" DESC NULLS LAST, id DESC) {_SHOWN}',
    f'users ("email", id) {_SHOWN}',
    f'users ("nameKey", id) {_SHOWN}',
    'users (status, "createdAt")',
    "users (country, status)",
    'users USING gin ("groups")',
    'users USING gin ("searchText" gin_trgm_ops)',
    'facts (source, name, number) INCLUDE ("key")',
    'facts (source, name, text) INCLUDE ("key")',
)


def is_installed() -> bool:
    """Whether a server is installed. Its driver is among the locked packages."""
    return bool(_versions())


class PostgreSQL(SqlEngine):
    """The Debian package, configured well, on a private socket."""

    def build(self, files: Sequence[Path]) -> None:
        _own(self.folder)
        self._run("initdb", "--no-sync", "--auth=trust", "--locale=C", "--encoding=UTF8")
        settings = "".join(f"{name} = {value}\n" for name, value in SETTINGS.items())
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings)
        self.connect()
        self._fill(files)
        self.close()

    def connect(self) -> None:
        options = f"-k {self.folder}"
        self._run("pg_ctl", "--wait", "--timeout=300", "--silent", "-o", options, "start")
        sys.path.insert(0, str(install_comparison()))
        self._driver = import_module("psycopg")
        self._connection = self._driver.connect(
            host=str(self.folder),
            user=_owner(),
            dbname="postgres",
            autocommit=True,
            prepare_threshold=None,
        )

    def close(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "--wait", "--timeout=300", "--silent", "--mode=fast", "stop")

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._send(sql, parameters).fetchall()
        return rows

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        self._send(sql, parameters)

    def _send(self, sql: str, parameters: Sequence[object]) -> Any:
        # Without parameters, a percent sign needs no escaping.
        return self._connection.execute(
            sql.replace("?", "%s") if parameters else sql, parameters or None
        )

    def contains(self, text: str) -> str:
        return f"\"searchText\" LIKE '%{text}%'"

    def in_any_group(self, group_ids: Sequence[str]) -> str:
        return f'"groups" && ARRAY[{", ".join(f"'{each}'" for each in group_ids)}]'

    def order_by(self, key: str, way: str, prefix: str = "") -> str:
        return f'{prefix}"{key}" {way} NULLS LAST, {prefix}id {way}'

    def month_of(self, column: str) -> str:
        return f"to_char(\"{column}\" AT TIME ZONE 'UTC', 'YYYY-MM')"

    def count_user_types(self) -> str:
        return f'SELECT unnest("userTypes"), count(*) FROM users {_SHOWN} GROUP BY 1'

    def spell(self, condition: str) -> str:
        return condition

    def read_memory(self) -> int:
        """The memory of the server's processes. Shared memory counts once."""
        server = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        return sum(_proportional(process) for process in (str(server), *children))

    def read_size(self) -> int:
        return int(self.fetch("SELECT pg_database_size('postgres')")[0][0])

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(_versions()[-1] / "bin" / program), "-D", str(self._data), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}"] + [
                "--clear-groups",
                *command,
            ]
        log = self.folder / "log"
        with log.open("a") as out:
            subprocess.run(command, check=True, stdout=out, stderr=out, cwd=self.folder)

    def _fill(self, files: Sequence[Path]) -> None:
        columns = sql_columns()
        types = ", ".join(f"{each.sql} {_TYPES[each.kind]}" for each in columns)
        self.execute("CREATE EXTENSION pg_trgm")
        self.execute(f'CREATE TABLE users ("key" bigint, {types})')
        self.execute(
            'CREATE TABLE facts ("key" bigint, source text, name text, number double precision, '
            "text text, moment timestamptz)"
        )
        self._copy("users", _users(files, columns))
        self._copy("facts", facts_of(files))
        self.execute('ALTER TABLE users ADD PRIMARY KEY (id), ADD UNIQUE ("key")')
        for index in _INDEXES:
            self.execute(f"CREATE INDEX ON {index}")
        self.execute("VACUUM (ANALYZE)")
        self.execute("CHECKPOINT")

    def _copy(self, table: str, rows: Iterator[Sequence[object]]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def facts_of(files: Sequence[Path]) -> Iterator[Sequence[object]]:
    """The facts of all users, each with the user's key."""
    for key, line in enumerate(read_lines(files), 1):
        for fact in line["facts"]:
            yield key, *(fact[name] for name in ("source", "name", "number", "text", "moment"))


def _users(files: Sequence[Path], columns: Sequence[Column]) -> Iterator[Sequence[object]]:
    json = import_module("psycopg.types.json").Jsonb
    counts = {each.name for each in columns if each.kind is Kind.COUNTS}

    def value_of(line: Line, name: str) -> object:
        return json(line.get(name)) if name in counts else line.get(name)

    for key, line in enumerate(read_lines(files), 1):
        yield key, *(value_of(line, each.name) for each in columns)


def _versions() -> list[Path]:
    return sorted(INSTALLED.glob("*"), key=lambda each: int(each.name))


def _owner() -> str:
    return UNPRIVILEGED if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(folder, user.pw_uid, user.pw_gid)


def _proportional(process: str) -> int:
    words = Path(f"/proc/{process}/smaps_rollup").read_text().split()
    return int(words[words.index("Pss:") + 1]) * 1024
