"""The guard of a deployment answers CloudFormation, and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from functions.reactions.check_deployment import check_deployment
from rollcall.kit.deployment_record import RECORD_ID, DeploymentRecord
from rollcall.kit.errors import Conflict
from rollcall.kit.reaction import StackEvent
from tests.world.world import World

FIRST = {"prefix": "rollcall", "tableName": "people", "userPoolId": "own", "replaces": []}


def event(kind: str, properties: dict[str, Any], old: dict[str, Any] | None = None) -> StackEvent:
    """CloudFormation's event, in which the service token and the time limit are properties too."""
    extra = {"ServiceToken": "arn:aws:lambda:…", "ServiceTimeout": "120"}
    sent: dict[str, Any] = {
        "RequestType": kind,
        "ResponseURL": "https://cloudformation.example.com",
        "StackId": "stack-1",
        "RequestId": "request-1",
        "LogicalResourceId": "checkdeploymentrun",
        "ResourceProperties": {**extra, **properties},
    }
    return StackEvent.model_validate(
        sent | ({"OldResourceProperties": {**extra, **old}} if old else {})
    )


def test_first_deployment_is_recorded(world: World) -> None:
    check_deployment.run(event("Create", FIRST), world.runtime)
    record = world.runtime.table.find(DeploymentRecord, RECORD_ID)
    assert record is not None
    assert (record.prefix, record.table_name, record.user_pool_id) == ("rollcall", "people", "own")


def test_forgotten_user_pool_stops_the_deployment(world: World) -> None:
    existing = {**FIRST, "userPoolId": "eu-west-1_Existing"}
    check_deployment.run(event("Create", existing), world.runtime)
    with pytest.raises(Conflict, match="own instead of eu-west-1_Existing"):
        check_deployment.run(event("Update", FIRST, existing), world.runtime)

    meant = {**FIRST, "replaces": ["eu-west-1_Existing"]}
    check_deployment.run(event("Update", meant, existing), world.runtime)
