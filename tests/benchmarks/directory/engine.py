"""What is compared: engines that hold the users and answer the questions."""

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
"""A user's row as the files have it: JSON by the columns' names."""


class Engine(ABC):
    """It is built in one process and opened in another, as a service is deployed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def build(self, files: Sequence[Path]) -> None:
        """Take over all rows and leave in the folder what :meth:`open` needs."""

    @abstractmethod
    def open(self, changed: StoredRow) -> None:
        """Get ready to answer; this is the user who is to be changed."""

    def answer(self, question: Question) -> object:
        """The answer, of the same form in every engine."""
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
        """The bytes of memory that the engine takes up."""

    @abstractmethod
    def read_size(self) -> int:
        """The bytes that it keeps on the disk."""

    @abstractmethod
    def close(self) -> None:
        """End what has been opened, if anything has been."""


class SqlEngine(Engine, Dialect):
    """An engine that is asked in SQL."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._changed_id, self._changes = "", 0

    def open(self, changed: StoredRow) -> None:
        self._changed_id = changed.id
        self.connect()

    @abstractmethod
    def connect(self) -> None:
        """Get ready to answer."""

    @abstractmethod
    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement answers; nothing is held back between two."""

    @abstractmethod
    def month_of(self, column: str) -> str:
        """The month of a time, as 2026-01."""

    @abstractmethod
    def count_user_types(self) -> str:
        """A SELECT of the user types with the number of those who are not soft-deleted."""

    @abstractmethod
    def spell(self, condition: str) -> str:
        """A condition of the statistics in the engine's own words."""

    def _list(self, question: ListUsers) -> object:
        where = f"status <> 'deleted' AND {question.where(self)}"
        total = self.fetch(f"SELECT count(*) FROM users WHERE {where}")[0][0]
        # The ids come from the index alone; whole rows are read of this page only.
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
        """Run a statement that answers nothing."""


def read_lines(files: Sequence[Path]) -> Iterator[Line]:
    """All rows, one at a time."""
    for file in files:
        with file.open() as lines:
            yield from map(json.loads, lines)


def sql_columns() -> list[Column]:
    """The columns of the table ``users``, behind its key; facts are in a table of their own."""
    return [each for each in read_stored_columns() if each.kind is not Kind.FACTS]
