"""What a cold start of each function costs before its first call.

Measured is the CPU time of a process that imports the function from the built layers, which
also makes its clients, and then ends without tearing down, as no cold start does. The unit is
the whole of ``python -c pass``, its own tearing down of a millisecond or two included. Beside
ours stand three small "create user" handlers in other styles, with full botocore data and with
bytecode.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from infra.catalog import read_catalog
from infra.layers import BUILD, PYTHON, build_function, build_package_layer, build_shared_layer
from rollcall.kit.declaration import Declaration
from rollcall.kit.settings import Settings
from tests.benchmarks.measuring import (
    BARE,
    INTERPRETER,
    bare_start_ms,
    interleave,
    print_table,
    process_cpu_ms,
)

HERE = Path(__file__).parent
HANDLERS = HERE / "handlers"
STYLES = {
    "cookbook style": "cookbook_style",
    "FastAPI + Mangum": "fastapi_style",
    "Chalice": "chalice_style",
}
LIMIT, LIMIT_BESIDE_COOKBOOK = 22, 0.4


def compare_cold_inits(runs: int) -> None:
    """Measure and print."""
    packages = install_comparison()
    ours = {each.name: partial(start, each.name, our_path(each)) for each in _declarations()}
    others = {
        style: partial(start, module, [HANDLERS, packages]) for style, module in STYLES.items()
    }
    cases: dict[str, Callable[[], float]] = {
        BARE: bare_start_ms,
        **ours,
        **others,
    }
    times = interleave(cases, runs, "cold init")
    bare, cookbook = times[BARE], times["cookbook style"]
    print_table(
        f"Cold init, CPU time, median of {runs} "
        f"(to reach: {LIMIT}x bare, {LIMIT_BESIDE_COOKBOOK}x the cookbook style)",
        ["function", "ms", "x bare", "x cookbook"],
        [
            [name, f"{time:.0f}", f"{time / bare:.1f}", f"{time / cookbook:.2f}"]
            for name, time in times.items()
        ],
    )


def install_comparison() -> Path:
    """The packages that the other styles import, as locked, in a folder of their own."""
    packages = BUILD / "comparison"
    command = [sys.executable, "-m", "uv", "pip", "sync", "--quiet", "--no-python-downloads"]
    command += ["--python", sys.executable, "--python-version", PYTHON]
    command += ["--target", str(packages), "--compile-bytecode", "--only-binary", ":all:"]
    subprocess.run([*command, "--require-hashes", str(HERE / "requirements.txt")], check=True)
    return packages


def our_path(declaration: Declaration) -> list[Path]:
    """Where a function of ours is imported from: what would be deployed, and nothing else."""
    packages = [build_package_layer(name, "x86_64") for name in ("vendor", *declaration.layers)]
    layers = [*packages, build_shared_layer()]
    return [build_function(declaration), *(layer / "python" for layer in layers)]


def start(module: str, path: list[Path]) -> float:
    """The CPU time in milliseconds of one init of a handler's module."""
    code = f"import os, {module}; os._exit(0)"
    return process_cpu_ms([INTERPRETER, "-c", code], _environment(path))


def _environment(path: list[Path]) -> Mapping[str, str]:
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


def _declarations() -> tuple[Declaration, ...]:
    return read_catalog().declarations
