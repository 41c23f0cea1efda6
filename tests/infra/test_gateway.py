"""The API Gateway document: each operation behind the authorizer, refusals as problem+json."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from rollcall.kit.http import SECURITY_HEADERS
from rollcall.kit.operation import Operation
from rollcall_infra.catalog import read_catalog
from rollcall_infra.gateway import AUTHORIZER, build_gateway_document, unify_variables

OPERATIONS = read_catalog().operations
ORIGIN = "https://admin.example.com"


def build(allowed_origin: str) -> dict[str, Any]:
    """The document for one allowed origin, or for none."""
    return build_gateway_document(
        OPERATIONS,
        title="rollcall",
        user_pool_arn="pool-arn",
        invocation_uri=lambda operation: f"uri-of-{operation.name}",
        credentials="role-arn",
        allowed_origin=allowed_origin,
    )


DOCUMENT = build(ORIGIN)
PATHS = unify_variables(each.public_path for each in OPERATIONS)
PEOPLE_SCOPES = ["aws.cognito.signin.user.admin", "rollcall/admin"]
REFUSALS = DOCUMENT["x-amazon-apigateway-gateway-responses"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operation_is_called_with_the_one_role_and_only_with_a_token(
    operation: Operation[Any, Any],
) -> None:
    path = PATHS[operation.public_path]
    described = DOCUMENT["paths"][path][operation.method.lower()]

    assert described["operationId"] == operation.name
    for_services = operation.path.startswith("/system/")
    scopes = [operation.permission] if for_services else PEOPLE_SCOPES
    if operation.public:
        assert described["security"] == []
    else:
        assert described["security"] == [{AUTHORIZER: scopes}]
    integration = described["x-amazon-apigateway-integration"]
    assert integration["type"] == "aws_proxy"
    assert integration["uri"] == f"uri-of-{operation.name}"
    assert integration["credentials"] == "role-arn"
    named = [each["name"] for each in described["parameters"]]
    assert all(f"{{{name}}}" in path for name in named)
    assert len(named) == operation.public_path.count("{")


def test_place_in_the_tree_of_paths_has_one_name_for_its_variable() -> None:
    names: dict[str, set[str]] = {}
    for path in DOCUMENT["paths"]:
        parts = path.split("/")
        for number, part in enumerate(parts):
            if part.startswith("{"):
                place = re.sub(r"\{\w+\}", "{}", "/".join(parts[:number]))
                names.setdefault(place, set()).add(part)
    assert names["/admin/users"] == {"{userId}"}
    assert not {place: found for place, found in names.items() if len(found) > 1}


def test_shortest_path_names_the_variable_for_all() -> None:
    assert unify_variables(
        ["/users/{ownerId}/transfer", "/users/{userId}", "/users/{id}/groups/{groupId}"]
    ) == {
        "/users/{userId}": "/users/{userId}",
        "/users/{ownerId}/transfer": "/users/{userId}/transfer",
        "/users/{id}/groups/{groupId}": "/users/{userId}/groups/{groupId}",
    }


def test_tokens_are_held_against_the_user_pool() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"][AUTHORIZER]
    assert scheme["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert scheme["x-amazon-apigateway-authorizer"]["providerARNs"] == ["pool-arn"]
    assert (scheme["name"], scheme["in"]) == ("Authorization", "header")


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_browser_may_ask_anonymously_which_methods_a_path_has(path: str) -> None:
    methods = DOCUMENT["paths"][path]
    preflight = methods["options"]

    assert preflight["security"] == []
    integration = preflight["x-amazon-apigateway-integration"]
    assert integration["type"] == "mock"
    answer = integration["responses"]["default"]
    assert json.loads(integration["requestTemplates"]["application/json"]) == {
        "statusCode": int(answer["statusCode"])
    }
    headers = {
        name.removeprefix("method.response.header."): value.strip("'")
        for name, value in answer["responseParameters"].items()
    }
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers.items() >= SECURITY_HEADERS.items()
    allowed = headers["Access-Control-Allow-Methods"].split(", ")
    assert headers["Allow"] == headers["Access-Control-Allow-Methods"]
    own = methods.keys() - {"x-amazon-apigateway-any-method"}
    assert sorted(each.lower() for each in allowed) == sorted(own)
    assert {"Authorization", "If-Match"} <= set(headers["Access-Control-Allow-Headers"].split(", "))
    assert headers.keys() == preflight["responses"][answer["statusCode"]]["headers"].keys()


@pytest.mark.parametrize("kind", REFUSALS)
def test_gateways_own_refusal_is_a_problem_document(kind: str) -> None:
    refusal = REFUSALS[kind]

    headers = refusal["responseParameters"]
    assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
    assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == f"'{ORIGIN}'"
    for name, value in SECURITY_HEADERS.items():
        assert headers[f"gatewayresponse.header.{name}"] == f"'{value}'"
    body = json.loads(refusal["responseTemplates"]["application/json"])
    assert body["type"] == f"urn:rollcall:problem:{body['code']}"
    assert body["requestId"] == "$context.requestId"
    assert body["errors"] == []
    # The two defaults stand for several statuses, which a status of their own would replace.
    if kind.startswith("DEFAULT_"):
        assert not {"statusCode", "status"} & {*refusal, *body}
    else:
        assert refusal["statusCode"] == str(body["status"])


def test_unknown_route_and_missing_token_are_told_apart() -> None:
    assert REFUSALS["UNAUTHORIZED"]["statusCode"] == "401"
    assert REFUSALS["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"


def test_without_an_allowed_origin_no_page_of_another_origin_is_admitted() -> None:
    assert "Access-Control" in json.dumps(DOCUMENT)
    assert "Access-Control" not in json.dumps(build(""))


def test_missing_token_is_answered_with_the_scheme() -> None:
    headers = REFUSALS["UNAUTHORIZED"]["responseParameters"]
    assert headers["gatewayresponse.header.WWW-Authenticate"] == "'Bearer realm=\"rollcall\"'"


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_head_is_answered_by_the_function_of_the_get(path: str) -> None:
    methods = DOCUMENT["paths"][path]
    assert ("head" in methods) is ("get" in methods)
    if "get" in methods:
        assert methods["get"] == {**methods["head"], "operationId": methods["get"]["operationId"]}


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_other_methods_are_refused_with_those_of_the_address(path: str) -> None:
    methods = DOCUMENT["paths"][path]
    refusal = methods["x-amazon-apigateway-any-method"]

    assert refusal["security"] == []
    integration = refusal["x-amazon-apigateway-integration"]
    assert (integration["type"], integration["passthroughBehavior"]) == ("mock", "never")
    answer = integration["responses"]["default"]
    assert answer["statusCode"] == "405"
    headers = {
        name.removeprefix("method.response.header."): value.strip("'")
        for name, value in answer["responseParameters"].items()
    }
    own = {each.upper() for each in methods if not each.startswith("x-")}
    assert set(headers["Allow"].split(", ")) == own
    assert headers.items() >= SECURITY_HEADERS.items()
    assert headers["Content-Type"] == "application/problem+json"
    body = json.loads(answer["responseTemplates"]["application/json"])
    assert (body["status"], body["code"]) == (405, "method_not_allowed")
    assert body["requestId"] == "$context.requestId"
    assert headers.keys() == refusal["responses"]["405"]["headers"].keys()
