"""All scenarios of functions that write: the harness's input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rollcall.kit.operation import Operation
from rollcall_infra.catalog import read_catalog
from tests.api.examples import EXAMPLES, Scene
from tests.faults import (
    annotation_scenarios,
    background_scenarios,
    compaction_scenarios,
    directory_scenarios,
    export_scenarios,
    group_scenarios,
    invitation_scenarios,
    lifecycle_scenarios,
    operation_scenarios,
    organization_scenarios,
    role_scenarios,
    workspace_scenarios,
)
from tests.faults.scenario import Plan, Scenario
from tests.faults.staging import ask
from tests.world.world import World


def example_of(operation: Operation[Any, Any]) -> Callable[[World], Plan]:
    """The plan of an operation's example."""
    return lambda world: ask(world, operation, EXAMPLES[operation.name](Scene(world)))


ONCE_ONLY = {
    "accept_invitation": {410},
    "create_user": {409},
    "create_group": {409},
    "create_role": {409},
    "delete_group": {404},
    "invite_user": {409},
    "verify_registration": {410},
    "delete_note": {404},
    "delete_organization": {404},
    "delete_role": {404},
    "delete_segment": {404},
    "delete_user": {404},
    "delete_workspace": {404},
    "remove_resource": {404},
    "remove_user_from_group": {404},
    "restore_user": {409},
}
"""The status of a repeated request without a key if the first one took effect."""
SCENARIOS = [
    Scenario(
        "as in its example",
        each.name,
        example_of(each),
        each.status,
        by_client=each.changes,
        again=frozenset(ONCE_ONLY.get(each.name, ())),
    )
    for each in read_catalog().operations
    if each.writes
] + [
    each
    for module in (
        annotation_scenarios,
        background_scenarios,
        compaction_scenarios,
        directory_scenarios,
        export_scenarios,
        group_scenarios,
        invitation_scenarios,
        lifecycle_scenarios,
        operation_scenarios,
        organization_scenarios,
        role_scenarios,
        workspace_scenarios,
    )
    for each in vars(module).values()
    if isinstance(each, Scenario)
]
