"""Counts the instructions of a process. Unlike times, they are repeatable on a busy machine.

``perf`` uses the processor's counters, which many virtual machines do not have. There ``valgrind``
counts by interpreting the process, about fifty times slower.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache

MILLION = 1_000_000
_PERF_LINE = re.compile(r"^(\d+),[^,]*,instructions", re.M)
_VALGRIND_LINE = re.compile(r"Collected : (\d+)")


def read_perf(report: str) -> float | None:
    """Millions of instructions from ``perf stat -x,``; None if the machine cannot count them."""
    found = _PERF_LINE.search(report)
    return int(found[1]) / MILLION if found else None


def read_valgrind(report: str) -> float | None:
    """Millions of instructions from callgrind's summary."""
    found = _VALGRIND_LINE.search(report)
    return int(found[1]) / MILLION if found else None


@cache
def has_counters() -> bool:
    """Whether ``perf`` counts instructions on this machine."""
    return count_by_perf(["true"], {}) is not None


@cache
def has_valgrind() -> bool:
    """Whether ``valgrind`` is installed."""
    return shutil.which("valgrind") is not None


def count_by_perf(command: Sequence[str], environment: Mapping[str, str]) -> float | None:
    """Millions of instructions in user mode; None if ``perf`` is missing or cannot count."""
    perf = shutil.which("perf")
    if perf is None:
        return None
    counting = [perf, "stat", "-x,", "-e", "instructions:u", "--"]
    return read_perf(_run([*counting, *command], environment))


def count_by_valgrind(command: Sequence[str], environment: Mapping[str, str]) -> float | None:
    """Millions of instructions by valgrind, always the same for the same process."""
    counting = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    steady = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONHASHSEED": "0"}
    return read_valgrind(_run([*counting, *command], {**environment, **steady}))


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env=dict(environment), check=False, capture_output=True, text=True
    )
    return done.stderr
