"""The table of CPU minutes at the end of a run."""

from __future__ import annotations

from tests.cpu_time import BUDGET_OF_OTHERS, BUDGETS, describe, folder_of


def test_only_a_folder_over_its_budget_is_marked() -> None:
    spent = {"faults": BUDGETS["faults"] * 60 + 12, "roles": BUDGET_OF_OTHERS * 60}

    costly, cheap, total = describe(spent)

    assert costly.endswith("faults  OVER its budget by 0.2")
    assert "OVER" not in cheap + total


def test_time_of_a_test_counts_for_its_top_level_folder() -> None:
    assert folder_of("tests/faults/deep/test_x.py::test[a/b]") == "faults"
    assert folder_of("tests/test_x.py::test[a/b]") == "tests"
