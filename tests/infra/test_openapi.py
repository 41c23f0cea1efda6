"""The public API document (P2)."""

from __future__ import annotations

import json
from typing import Any

from rollcall.grants.scopes import SYSTEM_SCOPES
from rollcall_infra.catalog import read_catalog
from rollcall_infra.openapi import DOCUMENT, build_document
from rollcall_infra.openapi_operations import is_for_services

DOCUMENT_NOW = build_document(read_catalog().operations)
DESCRIBED: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for path in DOCUMENT_NOW["paths"].values()
    for operation in path.values()
}
SCHEMAS = DOCUMENT_NOW["components"]["schemas"]


def find(name: str) -> dict[str, Any]:
    """What is written about an operation."""
    return DESCRIBED[name]


def test_committed_document_is_that_of_the_operations() -> None:
    written = json.loads(DOCUMENT.read_text())

    assert written == DOCUMENT_NOW, (
        "infra/openapi.json is stale; write it with: python -m rollcall_infra.openapi"
    )


def test_every_operation_is_described_with_its_permission() -> None:
    assert DESCRIBED.keys() == {each.name for each in read_catalog().operations}
    for operation in read_catalog().operations:
        found = find(operation.name)
        permission = operation.permission.value if operation.permission else None
        assert found["x-permission"] == permission
        assert found["summary"].endswith(".")
        assert str(operation.status) in found["responses"]


def test_path_variables_are_not_asked_for_again_in_the_body() -> None:
    operation = find("update_user")
    body = operation["requestBody"]["content"]["application/json"]["schema"]

    assert [each["name"] for each in operation["parameters"] if each["in"] == "path"] == ["userId"]
    assert "userId" not in body["properties"]
    assert body["additionalProperties"] is False
    assert "If-Match" in [each["name"] for each in operation["parameters"]]


def test_reads_take_their_parameters_from_the_query() -> None:
    operation = find("list_groups")

    assert [each["name"] for each in operation["parameters"]] == ["page", "limit", "cursor"]
    assert "requestBody" not in operation


def test_query_parameters_have_one_type_a_description_and_no_null() -> None:
    found = [
        (operation["operationId"], each)
        for operation in DESCRIBED.values()
        for each in operation["parameters"]
        if each["in"] == "query"
    ]
    assert found
    for name, parameter in found:
        schema = parameter["schema"]
        assert {"type", "$ref"} & schema.keys(), (name, parameter)
        assert "null" not in json.dumps(schema), (name, parameter)
        assert parameter["description"], (name, parameter)


def test_list_says_how_to_walk_on_and_that_a_cursor_may_be_bad() -> None:
    operation = find("list_groups")
    cursor = next(each for each in operation["parameters"] if each["name"] == "cursor")
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    page = SCHEMAS[answer.rpartition("/")[2]]

    assert "nextCursor" in cursor["description"]
    assert "nextCursor" in SCHEMAS["Pagination"]["properties"]
    assert {"items", "pagination"} == set(page["required"])
    assert "400" in operation["responses"]
    assert "400" not in find("get_overview")["responses"]


def test_operation_is_either_for_people_or_for_services() -> None:
    schemes = DOCUMENT_NOW["components"]["securitySchemes"]
    flow = schemes["serviceToken"]["flows"]["clientCredentials"]

    assert DOCUMENT_NOW["security"] == [{"accessToken": []}]
    assert flow["scopes"] == {scope.value: scope.__doc__ for scope in SYSTEM_SCOPES}
    assert flow["tokenUrl"] == "/oauth2/token"
    for operation in read_catalog().operations:
        path = operation.path
        described = DESCRIBED[operation.name]
        if path.startswith("/system/"):
            assert described["security"] == [{"serviceToken": [operation.permission]}]
            assert operation.permission in flow["scopes"]
        elif path.startswith(("/invitations/", "/register")):
            assert described["security"] == []  # anybody
        else:
            assert "security" not in described  # what holds for all


def test_scoped_operations_say_whom_they_admit_for_some_resources() -> None:
    for operation in read_catalog().operations:
        described = DESCRIBED[operation.name]
        assert described["x-scoped"] == operation.scoped
        words = "its own sources" if is_for_services(operation) else "group admin"
        assert (words in described.get("description", "")) >= operation.scoped


def test_operations_that_need_a_recent_sign_in_say_when() -> None:
    for operation in read_catalog().operations:
        described = DESCRIBED[operation.name]
        words = described.get("description", "")
        assert described["x-fresh-sign-in"] == operation.fresh_sign_in
        assert ("fresh_sign_in_required" in words) is bool(operation.fresh_sign_in)
        if isinstance(operation.fresh_sign_in, str):
            assert f"if {operation.fresh_sign_in}." in words


def test_every_refusal_that_any_operation_may_meet_is_documented() -> None:
    for operation in read_catalog().operations:
        documented = set(DESCRIBED[operation.name]["responses"])
        expected = {str(operation.status), "422", "429", "503"}
        expected |= {"410"} if operation.public else {"401", "403"}
        if operation.writes:
            expected |= {"400", "404", "409"}
        if operation.file_model:
            expected |= {"202"}
        if operation.path_variables or "segment" in operation.request_model.model_fields:
            expected |= {"404"}
        if operation.writes and operation.path_variables and operation.name != "add_note":
            expected |= {"412"}
        assert expected <= documented, operation.name


def test_only_an_operation_that_changes_what_it_names_is_conditional() -> None:
    conditional = {
        name
        for name in ("add_note", "create_group", "delete_note", "add_user_to_group")
        if any(each["name"] == "If-Match" for each in find(name)["parameters"])
    }
    assert conditional == {"delete_note", "add_user_to_group"}
    assert "412" not in find("add_note")["responses"]
