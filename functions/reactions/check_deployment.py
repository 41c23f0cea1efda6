"""Deployment guard: a deployment keeps its prefix, its table and its user pool."""

from __future__ import annotations

from rollcall.background import deployment_guard
from rollcall.kit.call import Call
from rollcall.kit.deployment_record import (
    DeploymentProperties,
    DeploymentRecord,
    check_deployment_record,
)
from rollcall.kit.reaction import StackEvent
from rollcall.kit.retry import retry_contended


@deployment_guard(writes=[DeploymentRecord])
def check_deployment(event: StackEvent, call: Call) -> None:
    """Stop a deployment that would use another prefix, table or user pool than the one before."""
    wanted = DeploymentProperties.model_validate(event.properties)
    former = DeploymentProperties.model_validate(event.old_properties)
    retry_contended(lambda: check_deployment_record(wanted, former, call.part()))
