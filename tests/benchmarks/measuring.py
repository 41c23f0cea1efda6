"""Medians of interleaved runs, and tables of them."""

from __future__ import annotations

import logging
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from statistics import median

from rollcall.kit.log import logger

type Measured = Mapping[str, float]
"""Each case's median, in the unit that it was measured in."""

BARE = "python -c pass"
"""The unit of times that must be comparable between machines."""

# The base interpreter: in a virtual environment, a start reads more files.
INTERPRETER = str(getattr(sys, "_base_executable", sys.executable))


def interleave(cases: Mapping[str, Callable[[], float]], runs: int, what: str) -> Measured:
    """Measure all cases in turn, ``runs`` times, so that other load on the machine affects all of
    them equally. Shows its progress on stderr.
    """
    samples: dict[str, list[float]] = {name: [] for name in cases}
    for run in range(1, runs + 1):
        for name, measure in cases.items():
            show_progress(f"{what}: run {run} of {runs}, {name}")
            samples[name].append(measure())
    show_progress("")
    return {name: median(values) for name, values in samples.items()}


def process_cpu_ms(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """The CPU time of one process, user and system, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=dict(environment), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return used * 1000


def bare_start_ms() -> float:
    """The CPU time of ``python -c pass``, in milliseconds."""
    return process_cpu_ms([INTERPRETER, "-c", "pass"], os.environ)


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table as plain text: text left-aligned, numbers right-aligned."""
    cells = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [cell.replace(".", "").isdigit() for cell in cells[1]]
    lines = ["", title, ""]
    for row in cells:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    sys.stdout.write("\n".join(lines) + "\n")


def percentile(values: Iterable[float], share: float) -> float:
    """The least value that is not exceeded by this share of the values (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def write_markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown: the first column left-aligned, the others right-aligned."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rule, *rows))


def read_processor() -> str:
    """The name of the machine's processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((each.partition(": ")[2] for each in lines if each.startswith("model name")), "")


def show_progress(text: str) -> None:
    """Show one line on stderr, which the next one replaces. Does nothing without a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


@contextmanager
def log_to_nowhere() -> Iterator[None]:
    """Write the log lines of calls to the null device instead of between the tables."""
    with Path(os.devnull).open("w") as nowhere:
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(nowhere)
        yield
