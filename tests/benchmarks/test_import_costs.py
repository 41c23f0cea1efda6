"""Import costs are computed from the interpreter's report."""

from __future__ import annotations

from tests.benchmarks.import_costs import least_costs, read_import_times, sum_by_package

REPORT = """\
import time: self [us] | cumulative | imported package
import time:        40 |         40 |     json.decoder
import time:        10 |         50 |   json
import time:       300 |        350 | rollcall.kit.model
import time:         5 |          5 |   json
not a line of it
"""


def test_cost_of_a_module_excludes_the_modules_that_it_imports() -> None:
    costs = read_import_times(REPORT)
    assert costs == {"json.decoder": 40, "json": 15, "rollcall.kit.model": 300}


def test_minimum_of_several_runs_counts() -> None:
    assert least_costs([{"a": 3, "b": 1}, {"a": 2, "c": 9}]) == {"a": 2, "b": 1, "c": 9}


def test_costs_are_summed_by_package_by_room_and_for_python_as_a_whole() -> None:
    costs = {"json": 1, "re._parser": 2, "botocore.utils": 3, "botocore": 4, "rollcall": 5}
    costs |= {"rollcall.kit.model": 6, "rollcall.kit.log": 7, "rollcall.operations": 8}
    assert sum_by_package(costs) == {
        "Python itself": 3,
        "botocore": 7,
        "rollcall": 5,
        "rollcall.kit": 13,
        "rollcall.operations": 8,
    }
