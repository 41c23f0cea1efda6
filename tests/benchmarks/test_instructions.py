"""Counts are read from what the tools report, and are missing where the machine has none."""

from __future__ import annotations

from tests.benchmarks.instructions import count_by_perf, read_perf, read_valgrind


def test_perf_says_how_many_instructions_there_were() -> None:
    assert read_perf("887500000,,instructions:u,301220190,100.00,,\n") == 887.5


def test_a_machine_without_counters_gives_none() -> None:
    assert read_perf("<not supported>,,instructions:u,0,100.00,,\n") is None
    assert read_perf("perf: command not found") is None


def test_valgrind_says_it_in_its_last_words() -> None:
    assert read_valgrind("==9== Events    : Ir\n==9== Collected : 49881400\n==9==") == 49.8814
    assert read_valgrind("valgrind: cannot execute") is None


def test_a_command_is_counted_or_known_to_be_uncountable_here() -> None:
    counted = count_by_perf(["true"], {})
    assert counted is None or counted > 0
