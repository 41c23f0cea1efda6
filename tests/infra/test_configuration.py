"""What a deployment and ``rollcall local`` are both told by ``cdk.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from infra.configuration import CDK_JSON, Configuration
from rollcall.kit.settings import Settings

CONTEXT: dict[str, Any] = json.loads(CDK_JSON.read_text())["context"]


def written(folder: Path, **changed: Any) -> Path:
    """A ``cdk.json`` that says something else."""
    file = folder / "cdk.json"
    file.write_text(json.dumps({"context": {**CONTEXT, **changed}}))
    return file


def test_operations_are_told_what_the_file_says(tmp_path: Path) -> None:
    said = {"resourceTypes": "invoice=refuse", "uniqueIdPattern": "AB-####", "factsFreshDays": 3}
    said |= {"passwordMinimumLength": 12}
    told = Configuration.read(written(tmp_path, **said)).shared
    settings = Settings(table_name="people", user_pool_id="pool", **told)
    assert settings.resource_types == "invoice=refuse"
    assert (settings.unique_id_pattern, settings.facts_fresh_days) == ("AB-####", 3)
    assert settings.password_minimum_length == 12


def test_file_as_it_comes_says_what_holds_without_one() -> None:
    plain = Settings(table_name="people", user_pool_id="pool")
    assert (
        Settings(table_name="people", user_pool_id="pool", **Configuration.read(CDK_JSON).shared)
        == plain
    )


def test_types_of_services_are_those_of_the_deployment(tmp_path: Path) -> None:
    client = {"scopes": ["resources"], "resourceTypes": ["persona", "invoice"]}
    wrong = written(tmp_path, serviceClients={"billing": client})
    with pytest.raises(ValidationError, match=r"serviceClients.billing: the type invoice does not"):
        Configuration.read(wrong)

    right = written(tmp_path, serviceClients={"billing": client}, resourceTypes="invoice=refuse")
    assert Configuration.read(right).service_clients["billing"].resource_types[1] == "invoice"


@pytest.mark.parametrize(
    "wrong",
    [
        {"resourceTypes": "invoice"},
        {"uniqueIdPattern": "U#"},
        {"factsFreshDays": 0},
        {"passwordMinimumLength": 7},
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Configuration.read(written(tmp_path, **wrong))
    assert [error["loc"][0] for error in refused.value.errors()] == list(wrong)
