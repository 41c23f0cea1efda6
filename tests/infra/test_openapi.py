"""The public API document (P2)."""

from __future__ import annotations

import json

from infra.catalog import read_catalog
from infra.openapi import DOCUMENT, build_document


def test_committed_document_is_that_of_the_operations() -> None:
    written = json.loads(DOCUMENT.read_text())

    assert written == build_document(read_catalog().operations), (
        "infra/openapi.json is stale; write it with: python -m infra.openapi"
    )


def test_every_operation_is_described_with_its_permission() -> None:
    document = build_document(read_catalog().operations)
    described = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }

    assert described.keys() == {each.name for each in read_catalog().operations}
    for operation in read_catalog().operations:
        found = described[operation.name]
        permission = operation.permission.value if operation.permission else None
        assert found["x-permission"] == permission
        assert found["summary"].endswith(".")
        assert str(operation.status) in found["responses"]


def test_path_variables_are_not_asked_for_again_in_the_body() -> None:
    document = build_document(read_catalog().operations)
    operation = document["paths"]["/admin/users/{userId}"]["patch"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]

    assert [each["name"] for each in operation["parameters"] if each["in"] == "path"] == ["userId"]
    assert "userId" not in body["properties"]
    assert body["additionalProperties"] is False
    assert "If-Match" in [each["name"] for each in operation["parameters"]]


def test_reads_take_their_parameters_from_the_query() -> None:
    document = build_document(read_catalog().operations)
    operation = document["paths"]["/groups"]["get"]

    assert [each["name"] for each in operation["parameters"]] == ["page", "limit"]
    assert "requestBody" not in operation
