"""Rollcall's directory: built, saved, and loaded from its files as a Lambda loads it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from rollcall.directory.database import Database
from rollcall.directory.growth import GrowthRequest, count_growth
from rollcall.directory.intervals import CalendarRequest
from rollcall.directory.pages import DirectoryRequest, read_users_page
from rollcall.directory.rows import StoredRow
from rollcall.directory.selections import read_selection, select_users
from rollcall.directory.statistics import UserStatistics, count_statistics
from rollcall.directory.user_queries import find_users
from rollcall.kit.job import make_call
from tests.benchmarks.directory.engine import Engine
from tests.benchmarks.directory.questions import (
    ListUsers,
)
from tests.benchmarks.directory.synthetic_users import NOW, SINCE
from tests.world.opening import open_world


class RollcallEngine(Engine):
    """The code that answers the API, from the request to the answer's model."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._stack = ExitStack()
        world = self._stack.enter_context(open_world())
        self._call = replace(make_call("benchmark", world.runtime), now=NOW)
        self._built, self._opened = folder / "built.duckdb", folder / "opened.duckdb"
        self._before = _resident()
        self._changes = 0

    def build(self, files: Sequence[Path]) -> None:
        database = _open_quietly()
        database.build(files)
        database.save(self._built)

    def open(self, changed: StoredRow) -> None:
        self._database = _open_quietly()
        self._database.fetch("SET threads = 1")
        shutil.copyfile(self._built, self._opened)  # instead of a download
        self._database.load(self._opened)
        self._changed = changed

    def read_memory(self) -> int:
        """The growth of the process, which does not include the other parts of Rollcall."""
        return _resident() - self._before

    def read_size(self) -> int:
        return self._built.stat().st_size

    def close(self) -> None:
        self._stack.close()

    def _list(self, question: ListUsers) -> object:
        request = DirectoryRequest.model_validate(question.request)
        condition = select_users(self._call, self._database, request)
        page = read_users_page(self._call, self._database, condition, request)
        return {"ids": [each.id for each in page.items], "total": page.pagination.total}

    def _count_statistics(self) -> object:
        request = CalendarRequest()
        selection = read_selection(self._call, self._database, request)
        found = count_statistics(self._database, selection, NOW, request.zone)
        return {
            **{".".join(way): _read(found, way) for way, _ in UserStatistics.marks()},
            "total": found.total,
            "by_status": dict(sorted((str(key), n) for key, n in found.by_status.items() if n)),
            "by_user_type": dict(sorted(found.by_user_type.items())),
        }

    def _count_growth(self) -> object:
        request = GrowthRequest.model_validate({"interval": "month", "from": (NOW - SINCE).date()})
        condition = select_users(self._call, self._database, request)
        items = count_growth(self._database, condition, request.starts(NOW), request.zone)
        return [[f"{e.start:%Y-%m}", e.new_users, e.total] for e in items if e.new_users]

    def _change(self) -> object:
        self._changes += 1
        changed = self._changed.model_copy(update={"bio": f"Changed {self._changes} times."})
        self._database.replace({changed.id: changed})
        return find_users(self._database, [changed.id])[changed.id].bio


def _open_quietly() -> Database:
    """Open a database without a progress bar. DuckDB shows one if a process was not started from a
    file; each connection has its own setting.
    """
    database = Database()
    database._connection.execute("SET enable_progress_bar = false")
    return database


def _read(found: object, way: Sequence[str]) -> Any:
    for name in way:
        found = getattr(found, name)
    return found


def _resident() -> int:
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) * 1024
