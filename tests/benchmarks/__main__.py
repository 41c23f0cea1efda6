"""``python -m tests.benchmarks``: run the benchmarks and print their tables."""

from __future__ import annotations

import argparse

from tests.benchmarks.cold_init import compare_cold_inits


def main() -> None:
    """Run what is asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=11, help="how often each is measured (11)")
    options = parser.parse_args()
    compare_cold_inits(options.runs)


if __name__ == "__main__":
    main()
