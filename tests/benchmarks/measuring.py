"""Medians of interleaved runs, and tables of them."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

type Measured = Mapping[str, float]
"""Each case's median, in the unit that it was measured in."""


def interleave(cases: Mapping[str, Callable[[], float]], runs: int, what: str) -> Measured:
    """Measure every case once, then again, ``runs`` times over, so that whatever else the
    machine does meets all of them alike. Shows its progress on stderr.
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


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table in plain text: words to the left, numbers to the right."""
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


def show_progress(text: str) -> None:
    """One line on stderr that the next one replaces; nothing where nobody looks."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
