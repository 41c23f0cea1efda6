"""Run the benchmarks and print their tables: how ours compares, never whether it passes."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rollcall.kit.log import logger
from tests.benchmarks.cold_init import compare_cold_inits
from tests.benchmarks.large_groups import measure_large_groups
from tests.benchmarks.request_counts import count_requests
from tests.benchmarks.warm_get import compare_warm_gets

BENCHMARKS: Mapping[str, Callable[[int], None]] = {
    "requests": lambda _: count_requests(),
    "groups": lambda _: measure_large_groups(),
    "warm": compare_warm_gets,
    "cold": compare_cold_inits,
}


def main() -> None:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = ", ".join(BENCHMARKS)
    parser.add_argument(
        "names", nargs="*", choices=BENCHMARKS, metavar="NAME", help=f"{names}; all if none"
    )
    parser.add_argument(
        "--runs", type=int, default=11, metavar="N", help="how often cold inits are measured, 11"
    )
    options = parser.parse_args()
    with _log_to_nowhere():
        for name in options.names or BENCHMARKS:
            BENCHMARKS[name](options.runs)


@contextmanager
def _log_to_nowhere() -> Iterator[None]:
    """The line that each call leaves is written, yet not among the tables."""
    with Path(os.devnull).open("w") as nowhere:
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(nowhere)
        yield


if __name__ == "__main__":
    main()
