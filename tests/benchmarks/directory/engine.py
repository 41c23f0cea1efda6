"""The engines to compare: they store the users and answer the queries."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from rollcall.directory.columns import Column, Kind, read_stored_columns
from rollcall.directory.rows import StoredRow
from rollcall.users.statuses import Status
from tests.benchmarks.directory.questions import (
    A_PAGE,
    STATISTICS,
    ChangeUser,
    CountGrowth,
    CountStatistics,
    Dialect,
    ListUsers,
    Question,
)

type Line = Mapping[str, Any]
"""A user's row in the files: JSON by column names."""


class Engine(ABC):
    """An engine. It is built in one process and opened in another, as a service is deployed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def build(self, files: Sequence[Path]) -> None:
        """Load all rows, and store in the folder what :meth:`open` needs."""

    @abstractmethod
    def open(self, changed: StoredRow) -> None:
        """Prepare for queries. The user is the one to change."""

    def answer(self, question: Question) -> object:
        """The answer, in the same form for every engine."""
        match question:
            case ListUsers():
                return self._list(question)
            case CountStatistics():
                return self._count_statistics()
            case CountGrowth():
                return self._count_growth()
            case ChangeUser():
                return self._change()

    @abstractmethod
    def _list(self, question: ListUsers) -> object: ...

    @abstractmethod
    def _count_statistics(self) -> object: ...

    @abstractmethod
    def _count_growth(self) -> object: ...

    @abstractmethod
    def _change(self) -> object: ...

    @abstractmethod
    def read_memory(self) -> int:
        """The memory that the engine uses, in bytes."""

    @abstractmethod
    def read_size(self) -> int:
        """The disk space that the engine uses, in bytes."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened, if anything."""


class SqlEngine(Engine, Dialect):
    """An engine that is queried with SQL."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._changed_id, self._changes = "", 0

    def open(self, changed: StoredRow) -> None:
        self._changed_id = changed.id
        self.connect()

    @abstractmethod
    def connect(self) -> None:
        """Prepare for queries."""

    @abstractmethod
    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement. Nothing is cached between two."""

    @abstractmethod
    def month_of(self, column: str) -> str:
        """The month of a time, as 2026-01."""

    @abstractmethod
    def count_user_types(self) -> str:
        """A SELECT of the user types, each with the number of users who are not soft-deleted."""

    @abstractmethod
    def spell(self, condition: str) -> str:
        """A condition of the statistics in the engine's dialect."""

    def _list(self, question: ListUsers) -> object:
        where = f"status <> 'deleted' AND {question.where(self)}"
        total = self.fetch(f"SELECT count(*) FROM users WHERE {where}")[0][0]
        # Ids are read from the index only, and whole rows only for this page.
        page = (
            f"SELECT id AS page_id FROM users WHERE {where} "
            f"ORDER BY {self.order_by(*question.order)} LIMIT {A_PAGE} OFFSET {question.offset}"
        )
        rows = self.fetch(
            f"SELECT users.* FROM ({page}) AS page JOIN users ON users.id = page.page_id "
            f"ORDER BY {self.order_by(*question.order, prefix='users.')}"
        )
        return {"ids": [row[1] for row in rows], "total": total}

    def _count_statistics(self) -> object:
        counts = ", ".join(
            f"count(*) FILTER (WHERE {self.spell(each)})" for each in STATISTICS.values()
        )
        rows = self.fetch(f"SELECT status, count(*), {counts} FROM users GROUP BY status")
        shown = [row[1:] for row in rows if row[0] != Status.DELETED]
        total, *numbers = [sum(column) for column in zip(*shown, strict=True)]
        return {
            **dict(zip(STATISTICS, numbers, strict=True)),
            "total": total,
            "by_status": {status: count for status, count, *_ in sorted(rows)},
            "by_user_type": dict(sorted(self.fetch(self.count_user_types()))),
        }

    def _count_growth(self) -> object:
        rows = self.fetch(
            f"SELECT {self.month_of('createdAt')}, count(*) FROM users "
            "WHERE status <> 'deleted' GROUP BY 1 ORDER BY 1"
        )
        totals = accumulate(count for _, count in rows)
        return [[*row, total] for row, total in zip(rows, totals, strict=True)]

    def _change(self) -> object:
        self._changes += 1
        text = f"Changed {self._changes} times."
        self.execute("UPDATE users SET bio = ? WHERE id = ?", [text, self._changed_id])
        return self.fetch("SELECT bio FROM users WHERE id = ?", [self._changed_id])[0][0]

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement without a result."""


def read_lines(files: Sequence[Path]) -> Iterator[Line]:
    """All rows, one at a time."""
    for file in files:
        with file.open() as lines:
            yield from map(json.loads, lines)


def sql_columns() -> list[Column]:
    """The columns of the table ``users`` after its key. Facts are in a separate table."""
    return [each for each in read_stored_columns() if each.kind is not Kind.FACTS]
