"""The progress of a command's long work."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator

REPORT_SECONDS = 2


def with_progress[T](rows: Iterable[T], done: str) -> Iterator[T]:
    """The same rows, with a report on standard error from time to time. ``done`` says what was done
    with them, as "Accounts processed".
    """
    reported_at, number = time.monotonic(), 0
    for number, row in enumerate(rows, 1):
        yield row
        if time.monotonic() - reported_at > REPORT_SECONDS:
            reported_at = time.monotonic()
            _report(f"{done}: {number:,} …")
    _report(f"{done}: {number:,} (all).")


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 (a command talks to its user)
