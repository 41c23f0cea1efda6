"""All faults in all AWS calls of all functions that write: nothing is lost, duplicated or left
incomplete (I1 to I7, I13, I16, I17, I20).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollcall_infra.catalog import read_catalog
from tests.faults.harness import explore
from tests.faults.injection import choose_sites, variants_of
from tests.faults.scenario import Scenario
from tests.faults.scenarios import SCENARIOS


def test_every_function_that_writes_has_a_scenario() -> None:
    writing = {each.name for each in read_catalog().declarations if each.writes}

    assert {scenario.covers for scenario in SCENARIOS} == writing


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: f"{each.covers}: {each.name}")
def test_invariants_hold_after_every_fault(
    scenario: Scenario, record_property: Callable[[str, object], None]
) -> None:
    findings = explore(scenario)

    record_property("fault runs", findings.runs)
    record_property("fault violations", len(findings.violations))
    tried = [call for _, call in choose_sites(findings.sites)]
    assert findings.runs == sum(len(variants_of(call)) for call in tried) > 0
    assert not findings.violations, "\n".join(findings.violations[:20])
