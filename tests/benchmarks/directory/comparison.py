"""Runs the same queries on the same users in each engine, and compares times and answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import batched
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from rollcall.directory.row_files import write_rows
from tests.benchmarks.directory.engine import Engine
from tests.benchmarks.directory.postgresql import HOW_TO_INSTALL, PostgreSQL, is_installed
from tests.benchmarks.directory.questions import QUESTIONS
from tests.benchmarks.directory.rollcall_engine import RollcallEngine
from tests.benchmarks.directory.sqlite import SQLite
from tests.benchmarks.directory.synthetic_users import make_users
from tests.benchmarks.measuring import (
    BARE,
    bare_start_ms,
    log_to_nowhere,
    percentile,
    read_processor,
    show_progress,
    write_markdown,
)

RUNS, RUNS_AT_LEAST = 30, 5
LONG = 10.0
"""The time limit in seconds for one engine and query; after it, RUNS_AT_LEAST are enough."""
ROWS_IN_FILE = 50_000
OURS = "Rollcall"
ENGINES: Mapping[str, type[Engine]] = {
    OURS: RollcallEngine,
    "PostgreSQL": PostgreSQL,
    "SQLite": SQLite,
}


class Size(NamedTuple):
    """What an engine needs besides time for answers."""

    built: float
    loaded: float
    """Seconds."""
    stored: int
    memory: int
    """Bytes."""


class Measured(NamedTuple):
    """The results of one engine."""

    size: Size
    times: Mapping[str, Sequence[float]]
    """The times of each query, in milliseconds."""


def compare_directories(numbers: Sequence[int]) -> None:
    """Measure with this many users and print the results, including wrong answers."""
    engines = {
        name: each for name, each in ENGINES.items() if name != "PostgreSQL" or is_installed()
    }
    if engines.keys() != ENGINES.keys():
        sys.stdout.write(f"{HOW_TO_INSTALL}\n")
    core = min(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        for number in numbers:
            load = os.getloadavg()[0]
            measured, bare = _measure(number, engines)
            _print(number, measured, bare, load)
    finally:
        os.sched_setaffinity(0, before)


def _measure(
    number: int, engines: Mapping[str, type[Engine]]
) -> tuple[Mapping[str, Measured], float]:
    """The results of each engine, and the median of a bare start in the same minutes."""
    with TemporaryDirectory(prefix="rollcall-benchmark-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)  # the server of PostgreSQL can run as another user
        files = list(_write_files(folder, number))
        built = {name: _build(name, each, folder, files) for name, each in engines.items()}
        for file in files:
            file.unlink()
        workers = {
            name: stack.enter_context(_working(each, folder / name))
            for name, each in engines.items()
        }
        first = next(make_users(number))
        loaded = {name: _ask(worker, "open", first)[0] for name, worker in workers.items()}
        times, bare = _ask_all(workers)
        sizes = {name: _ask(worker, "measure")[1] for name, worker in workers.items()}
        measured = {
            name: Measured(Size(built[name], loaded[name], *sizes[name]), times[name])
            for name in workers
        }
        return measured, bare


def _write_files(folder: Path, number: int) -> Iterator[Path]:
    for place, rows in enumerate(batched(make_users(number), ROWS_IN_FILE, strict=False)):
        show_progress(f"directory: {place * ROWS_IN_FILE:,} of {number:,} users")
        file = folder / f"{place}.json"
        write_rows(file, rows)
        yield file


def _build(name: str, engine: type[Engine], folder: Path, files: Sequence[Path]) -> float:
    show_progress(f"directory: {name} takes them over")
    (folder / name).mkdir()
    with _working(engine, folder / name) as worker:
        return _ask(worker, "build", files)[0]


def _ask_all(
    workers: Mapping[str, Connection],
) -> tuple[Mapping[str, Mapping[str, list[float]]], float]:
    """Run all queries in all engines in turn, with a bare start after each round, so that other
    load on the machine affects all of them.
    """
    bare: list[float] = []
    times: dict[str, dict[str, list[float]]] = {
        name: {question: [] for question in QUESTIONS} for name in workers
    }
    for run in range(RUNS + 1):
        for question in QUESTIONS:
            show_progress(f"directory: run {run} of {RUNS}, {question}")
            answers = {}
            for name, worker in workers.items():
                taken = times[name][question]
                if len(taken) < RUNS_AT_LEAST or sum(taken) < LONG * 1000:
                    spent, answers[name] = _ask(worker, "answer", question)
                    taken += [spent * 1000] if run else []  # the first run is a warm-up
            _check_equal(question, answers)
        bare.append(bare_start_ms())
    show_progress("")
    return times, percentile(bare, 0.5)


def _check_equal(question: str, answers: Mapping[str, object]) -> None:
    ours = answers.get(OURS)
    for name, answer in answers.items():
        if ours is not None and name != OURS and answer != ours:
            raise AssertionError(f"{name} answers {question!r} with {answer}, {OURS} with {ours}.")


@contextmanager
def _working(engine: type[Engine], folder: Path) -> Iterator[Connection]:
    """An engine in a separate process with a new interpreter."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(engine, folder, theirs))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _work(engine_type: type[Engine], folder: Path, requests: Connection) -> None:
    """Answer requests until there are no more."""
    with log_to_nowhere(), closing(engine_type(folder)) as engine, suppress(EOFError):
        while True:
            what, argument = requests.recv()
            start = perf_counter()
            try:
                answer = _do(engine, what, argument)
            except Exception as error:  # noqa: BLE001 (it is sent to the caller)
                answer = error
            requests.send((perf_counter() - start, answer))


def _do(engine: Engine, what: str, argument: Any) -> object:
    match what:
        case "build":
            return engine.build(argument)
        case "open":
            return engine.open(argument)
        case "answer":
            return engine.answer(QUESTIONS[argument])
        case _:
            return engine.read_size(), engine.read_memory()


def _ask(worker: Connection, what: str, argument: object = None) -> tuple[float, Any]:
    """The time in seconds, and the answer."""
    worker.send((what, argument))
    seconds, answer = worker.recv()
    if isinstance(answer, Exception):
        raise answer
    return seconds, answer


def _print(number: int, measured: Mapping[str, Measured], bare: float, load: float) -> None:
    ours = measured[OURS]
    names = [f"{name} {share}" for name in measured for share in ("p50", "p95")]
    rows = [
        [question, *(cell for each in measured.values() for cell in _cells(each, ours, question))]
        for question in QUESTIONS
    ]
    title = (
        f"{number:,} users, one core of {read_processor()}, {datetime.now(UTC):%Y-%m-%d}, load "
        f"{load:.1f} at the beginning, `{BARE}` {bare:.1f} ms; ms, and how many times {OURS}'s p50"
    )
    sys.stdout.write(f"\n{title}\n\n{write_markdown(['', *names], rows)}")
    sizes = [[name, *_size_cells(each.size)] for name, each in measured.items()]
    header = ["", "built, s", "opened, s", "on disk, MB", "in memory, MB"]
    sys.stdout.write(f"\n{write_markdown(header, sizes)}")


def _cells(measured: Measured, ours: Measured, question: str) -> tuple[str, str]:
    middle, slow = (percentile(measured.times[question], share) for share in (0.5, 0.95))
    times = middle / percentile(ours.times[question], 0.5)
    return (f"{middle:,.1f} ({times:.2g}x)", f"{slow:,.1f}")


def _size_cells(size: Size) -> tuple[str, ...]:
    megabytes = (f"{each / 1e6:,.0f}" for each in (size.stored, size.memory))
    return (f"{size.built:,.1f}", f"{size.loaded:.2f}", *megabytes)
