"""The cost of each import of a cold start, from the interpreter's ``-X importtime``."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.benchmarks.measuring import INTERPRETER, print_table

_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \| +(\S+)$", re.M)
PACKAGES_SHOWN, MODULES_SHOWN = 16, 24
PYTHON = "Python itself"
OURS = "rollcall"


def print_import_costs(name: str, environment: Mapping[str, str], runs: int) -> None:
    """Measure the imports of one function several times and print them, most expensive first."""
    command = [INTERPRETER, "-X", "importtime", "-c", f"import os, {name}; os._exit(0)"]
    reports = [_report(command, environment) for _ in range(runs)]
    costs = least_costs(map(read_import_times, reports))
    whole = sum(costs.values())
    packages = sum_by_package(costs).most_common(PACKAGES_SHOWN)
    modules = Counter(costs).most_common(MODULES_SHOWN)
    for what, rows in (("package or room", packages), ("module alone", modules)):
        print_table(
            f"Imports of {name} by {what}, minimum of {runs} runs, {whole / 1000:.0f} ms in total",
            [what, "ms", "%"],
            [[each, f"{cost / 1000:.1f}", f"{cost / whole * 100:.1f}"] for each, cost in rows],
        )


def read_import_times(report: str) -> Mapping[str, int]:
    """Microseconds by module, without the modules that it imports."""
    times: Counter[str] = Counter()
    for microseconds, module in _LINE.findall(report):
        times[module] += int(microseconds)
    return times


def least_costs(runs: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    """The minimum of each module over all runs; anything above it is noise."""
    least: dict[str, int] = {}
    for run in runs:
        for module, cost in run.items():
            least[module] = min(cost, least.get(module, cost))
    return least


def sum_by_package(costs: Mapping[str, int]) -> Counter[str]:
    """The costs by third-party package and by our rooms; Python's own modules are one package."""
    sums: Counter[str] = Counter()
    for module, cost in costs.items():
        sums[_package_of(module)] += cost
    return sums


def _package_of(module: str) -> str:
    package, _, rest = module.partition(".")
    if package == OURS:
        return f"{OURS}.{rest.partition('.')[0]}".rstrip(".")
    return PYTHON if package in sys.stdlib_module_names else package


def _report(command: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env=dict(environment), check=True, capture_output=True, text=True
    )
    return done.stderr
