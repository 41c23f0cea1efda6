"""A pytest plugin that reports the CPU minutes of the tests by folder, with a budget for each.

The time of a test includes its process and the processes that it has started and waited for, so
it hardly depends on the load of the machine.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator, Mapping

import pytest

STARTING = "imports and collection"
BUDGETS = {
    STARTING: 1.0,
    "api": 1.0,
    "deployed": 2.5,
    "directory": 3.5,
    "faults": 8.0,
    "infra": 2.5,
    "kit": 1.0,
    "local": 5.0,
}
"""The budget of each folder in CPU minutes."""
BUDGET_OF_OTHERS = 0.5
_SPENT = "cpu seconds of "


class CpuTime:
    """Measures each step of a test and sums up the times where the tests are reported."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._since = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> None:
        """Count the time before the first test of a worker as its start."""
        if not self._since:
            self._add_time_of(STARTING)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the CPU time since the last report to this report."""
        report = yield
        self._add_time_of(folder_of(item.nodeid))
        report.user_properties += [(_SPENT + name, value) for name, value in self._spent.items()]
        self._spent.clear()
        return report

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[object]) -> None:
        """Count the end of a session's fixture, such as a server, for the fixture's folder: it is
        part of the teardown of whichever test a worker runs last.
        """
        if fixturedef.scope == "session":
            self._add_time_of(folder_of(f"{fixturedef.baseid}/"))

    def _add_time_of(self, folder: str) -> None:
        before, self._since = self._since, _read_clock()
        self._spent[folder] += self._since - before

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Sum up the times, including those in the reports of pytest-xdist's workers."""
        for name, value in report.user_properties:
            if name.startswith(_SPENT) and isinstance(value, float):
                self.seconds[name.removeprefix(_SPENT)] += value

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, the most expensive folder first."""
        terminalreporter.section("CPU minutes by folder")
        for line in describe(self.seconds):
            terminalreporter.write_line(line)


def folder_of(nodeid: str) -> str:
    """The folder of ``tests`` that contains a test."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else "tests"


def describe(seconds: Mapping[str, float]) -> list[str]:
    """One line for each folder, and one for the total. Marks folders over budget."""
    lines = []
    for folder, spent in sorted(seconds.items(), key=lambda each: -each[1]):
        minutes, budget = spent / 60, BUDGETS.get(folder, BUDGET_OF_OTHERS)
        excess = f"  OVER its budget by {minutes - budget:.1f}" if minutes > budget else ""
        lines.append(f"{minutes:6.2f} of {budget:4.1f}  {folder}{excess}")
    return [*lines, f"{sum(seconds.values()) / 60:6.2f}          total"]


def _read_clock() -> float:
    """Seconds of CPU time of this process and of the child processes that it has waited for."""
    return sum(os.times()[:4])
