"""The cost of a cold start of each function before its first call.

The benchmark measures the CPU time of a process that imports the function from the built layers,
which also creates its clients, and then exits without interpreter shutdown, because a cold start
includes none. The unit is a whole ``python -c pass``, including its shutdown of a millisecond or
two. For comparison there are three small "create user" handlers in other styles, with full botocore
data and with bytecode.

Each start is compared with a bare start immediately before it, and the result is the median of
these ratios, so that other load on the machine affects both. Instructions repeat better than
times. They are counted for all functions if the processor's counters are readable, and for a few
functions if only ``valgrind`` is installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rollcall.kit.declaration import Declaration
from rollcall.kit.operation import Operation
from rollcall.kit.settings import Settings
from rollcall_infra.bundle import BUILD
from rollcall_infra.catalog import read_catalog
from rollcall_infra.layers import (
    PYTHON,
    build_function,
    build_package_layer,
    build_shared_layer,
)
from tests.benchmarks.import_costs import print_import_costs
from tests.benchmarks.instructions import (
    count_by_perf,
    count_by_valgrind,
    has_counters,
    has_valgrind,
)
from tests.benchmarks.measuring import (
    BARE,
    INTERPRETER,
    bare_start_ms,
    interleave,
    print_table,
    process_cpu_ms,
    show_progress,
)

HERE = Path(__file__).parent
HANDLERS = HERE / "handlers"
STYLES = {
    "cookbook style": "cookbook_style",
    "FastAPI + Mangum": "fastapi_style",
    "Chalice": "chalice_style",
}
COOKBOOK = "cookbook style"
LIMIT, BACKGROUND_LIMIT, LIMIT_BESIDE_COOKBOOK = 20, 30, 0.4
"""In bare starts: operations; jobs, reactions and functions with DuckDB."""
REPRESENTATIVE = ("get_user", "create_user", "invite_user", "list_users", "clean_up_accounts")
"""An operation that reads, one that writes, one that mails, one with DuckDB, and a job."""
BARE_COMMAND = (INTERPRETER, "-c", "pass")


class Case(NamedTuple):
    """One process to start."""

    command: Sequence[str]
    environment: Mapping[str, str]
    limit: int | None = None
    """Only our own functions have one."""


def compare_cold_inits(runs: int, names: Collection[str] = ()) -> None:
    """Measure all functions, or the named ones, and print the cost of their imports."""
    cases = {**_our_cases(names), **_other_cases()}
    times = interleave(
        {name: partial(_time_beside_bare, case) for name, case in cases.items()}, runs, "cold init"
    )
    instructions = _count(cases)
    bare_count = instructions.pop(BARE, None)
    print_table(
        f"Cold init, CPU time, median of {runs} (target: {LIMIT}x bare, {BACKGROUND_LIMIT}x for "
        f"jobs, reactions and DuckDB, {LIMIT_BESIDE_COOKBOOK}x the cookbook style)",
        ["function", "x bare", "x cookbook", "million instructions", "x bare", ""],
        [
            [
                name,
                f"{ratio:.1f}",
                f"{ratio / times[COOKBOOK]:.2f}",
                f"{instructions[name]:.0f}" if name in instructions else "",
                f"{instructions[name] / bare_count:.1f}"
                if bare_count and name in instructions
                else "",
                _judge(ratio, cases[name].limit),
            ]
            for name, ratio in sorted(times.items(), key=lambda item: item[1])
        ],
    )
    for name in names or REPRESENTATIVE[:1]:
        print_import_costs(name, cases[name].environment, runs)


def _our_cases(names: Collection[str]) -> dict[str, Case]:
    return {
        each.name: _case(each.name, our_path(each), _limit_of(each))
        for each in read_catalog().declarations
        if not names or each.name in names
    }


def _limit_of(declaration: Declaration) -> int:
    in_front = isinstance(declaration, Operation) and not declaration.layers
    return LIMIT if in_front else BACKGROUND_LIMIT


def _other_cases() -> dict[str, Case]:
    packages = install_comparison()
    return {style: _case(module, [HANDLERS, packages]) for style, module in STYLES.items()}


def _judge(ratio: float, limit: int | None) -> str:
    return f"above {limit}" if limit is not None and ratio > limit else ""


def _time_beside_bare(case: Case) -> float:
    bare = bare_start_ms()
    return process_cpu_ms(case.command, case.environment) / bare


def _count(cases: Mapping[str, Case]) -> dict[str, float]:
    """Millions of instructions of each case and of a bare start; empty without a counter."""
    bare = {BARE: Case(BARE_COMMAND, {"PATH": os.environ["PATH"]})}
    if has_counters():
        return _count_each({**bare, **cases}, count_by_perf)
    if has_valgrind():
        few = {name: case for name, case in cases.items() if name in REPRESENTATIVE}
        return _count_each({**bare, **few}, count_by_valgrind)
    return {}


def _count_each(
    cases: Mapping[str, Case],
    count: Callable[[Sequence[str], Mapping[str, str]], float | None],
) -> dict[str, float]:
    counts: dict[str, float] = {}
    for name, case in cases.items():
        show_progress(f"cold init: instructions of {name}")
        counted = count(case.command, case.environment)
        if counted is not None:
            counts[name] = counted
    show_progress("")
    return counts


def install_comparison() -> Path:
    """The locked packages that the other styles import, in a separate folder."""
    packages = BUILD / "comparison"
    command = [sys.executable, "-m", "uv", "pip", "sync", "--quiet", "--no-python-downloads"]
    command += ["--python", sys.executable, "--python-version", PYTHON]
    command += ["--target", str(packages), "--compile-bytecode", "--only-binary", ":all:"]
    subprocess.run([*command, "--require-hashes", str(HERE / "requirements.txt")], check=True)
    return packages


def our_path(declaration: Declaration) -> list[Path]:
    """The import path of a function of ours: only what is deployed."""
    packages = [build_package_layer(name, "x86_64") for name in ("vendor", *declaration.layers)]
    layers = [*packages, build_shared_layer()]
    return [build_function(declaration), *(layer / "python" for layer in layers)]


def _case(module: str, path: Sequence[Path], limit: int | None = None) -> Case:
    code = f"import os, {module}; os._exit(0)"
    return Case([INTERPRETER, "-c", code], _environment(path), limit)


def _environment(path: Sequence[Path]) -> Mapping[str, str]:
    settings = Settings(table_name="rollcall", user_pool_id="eu-west-1_pool")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ":".join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": "rollcall",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        **settings.to_environment(),
    }
