"""Fixtures for all tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import HealthCheck, core, settings

from rollcall.kit.log import logger
from tests.cpu_time import CpuTime
from tests.sample import SEED
from tests.world.opening import open_world
from tests.world.world import World

pytest.register_assert_rewrite("tests.api.acceptance")


# On a busy machine, the duration of an example says nothing about the code.
settings.register_profile("rollcall", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rollcall")


def pytest_configure(config: pytest.Config) -> None:
    """Measure the CPU time of all tests, and let Hypothesis sample by the seed of the day, so that
    a failure of a run can be repeated.
    """
    config.pluginmanager.register(CpuTime())
    if config.getoption("--hypothesis-seed") is None:
        core.global_force_seed = SEED  # type: ignore[assignment]  # Hypothesis declares it as None


@pytest.fixture
def world() -> Iterator[World]:
    """A world with a table, a user pool, a clock that tests move, and one platform admin."""
    with open_world() as opened:
        yield opened


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """The log entries of a test, one per line."""
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(logger.registered_formatter)
    python_logger = logging.getLogger(logger.service)
    python_logger.addHandler(handler)
    yield handler.stream
    python_logger.removeHandler(handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seed of the samples, and the number of faults if the fault harness has run."""
    terminalreporter.write_line(f"seed of the samples: ROLLCALL_SEED={SEED}")
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    noted = [dict(report.user_properties) for report in reports]
    runs, violations = (
        sum(each.get(f"fault {what}", 0) for each in noted) for what in ("runs", "violations")
    )
    if runs:
        terminalreporter.write_line(f"fault harness: {runs} runs, {violations} violations")
