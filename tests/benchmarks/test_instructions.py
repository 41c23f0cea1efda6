"""Instruction counts are read from the tools' reports and are None where there are none."""

from __future__ import annotations

from tests.benchmarks.instructions import count_by_perf, read_perf, read_valgrind


def test_count_is_read_from_the_report_of_perf() -> None:
    assert read_perf("887500000,,instructions:u,301220190,100.00,,\n") == 887.5


def test_count_of_perf_is_none_on_a_machine_without_counters() -> None:
    assert read_perf("<not supported>,,instructions:u,0,100.00,,\n") is None
    assert read_perf("perf: command not found") is None


def test_count_is_read_from_the_report_of_valgrind() -> None:
    assert read_valgrind("==9== Events    : Ir\n==9== Collected : 49881400\n==9==") == 49.8814
    assert read_valgrind("valgrind: cannot execute") is None


def test_count_of_a_command_is_positive_or_none() -> None:
    counted = count_by_perf(["true"], {})
    assert counted is None or counted > 0
