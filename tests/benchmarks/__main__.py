"""Run the benchmarks and print their tables. They compare and do not pass or fail."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from tests.benchmarks.cold_init import compare_cold_inits
from tests.benchmarks.directory.comparison import compare_directories
from tests.benchmarks.large_groups import measure_large_groups
from tests.benchmarks.measuring import log_to_nowhere
from tests.benchmarks.request_counts import count_requests
from tests.benchmarks.warm_get import compare_warm_gets


class Options(argparse.Namespace):
    """The options of the command."""

    names: list[str]
    runs: int
    functions: list[str]
    users: list[int]


BENCHMARKS: Mapping[str, Callable[[Options], None]] = {
    "requests": lambda _: count_requests(),
    "groups": lambda _: measure_large_groups(),
    "warm": lambda options: compare_warm_gets(options.runs),
    "cold": lambda options: compare_cold_inits(options.runs, options.functions),
    "directory": lambda options: compare_directories(options.users),
}


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = ", ".join(BENCHMARKS)
    parser.add_argument(
        "names", nargs="*", choices=BENCHMARKS, metavar="NAME", help=f"{names} (default: all)"
    )
    parser.add_argument(
        "--runs", type=int, default=11, metavar="N", help="runs of each cold init (default: 11)"
    )
    parser.add_argument(
        "--functions",
        type=lambda text: text.split(","),
        default=[],
        metavar="F,F",
        help="functions whose cold inits and imports are measured (default: all)",
    )
    parser.add_argument(
        "--users",
        type=lambda text: [int(each) for each in text.split(",")],
        default=[10_000, 100_000, 1_000_000],
        metavar="N,N",
        help="numbers of users in the directory (default: 10000,100000,1000000)",
    )
    options = parser.parse_args(namespace=Options())
    with log_to_nowhere():
        for name in options.names or BENCHMARKS:
            BENCHMARKS[name](options)


if __name__ == "__main__":
    main()
