"""The API Gateway document (OpenAPI 3.0 with Amazon's extensions), generated from the operations.

It is one document instead of a construct for each path and method, because for 80 operations these
would be more resources than a stack can have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rollcall.kit.cors import allow_reading
from rollcall.kit.errors import (
    Forbidden,
    Malformed,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Problem,
    Throttled,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from rollcall.kit.http import SECURITY_HEADERS
from rollcall.kit.operation import Operation
from rollcall_infra.cors import list_methods, preflight_headers

type Json = dict[str, Any]
type AnyOperation = Operation[Any, Any]

AUTHORIZER = "accessToken"


GATEWAY_PROBLEMS: Mapping[str, Problem] = {
    # The same response for no token and a wrong one, so it says no more (RFC 6750 section 3.1).
    "UNAUTHORIZED": Unauthenticated(
        "token_invalid", "The access token is missing, invalid or expired.", challenge={}
    ),
    "UNSUPPORTED_MEDIA_TYPE": UnsupportedMediaType(
        "The body is not JSON. Send JSON with Content-Type: application/json.",
        {"Accept": "application/json"},
    ),
    # The response of API Gateway to an unknown path or method.
    "MISSING_AUTHENTICATION_TOKEN": NotFound(
        "route_not_found", "There is nothing at this address."
    ),
    "ACCESS_DENIED": Forbidden("access_denied", "The gateway refuses this request."),
    "WAF_FILTERED": Forbidden("request_filtered", "A rule of the firewall refuses this request."),
    "REQUEST_TOO_LARGE": PayloadTooLarge("payload_too_large", "The body is too large."),
    "THROTTLED": Throttled("throttled", "Too many requests. Try again in a moment."),
    "INTEGRATION_FAILURE": Unavailable("unavailable", "The function did not respond. Try again."),
    "INTEGRATION_TIMEOUT": Unavailable(
        "timed_out", "The response took too long. Check the result, then retry."
    ),
    "DEFAULT_4XX": Malformed("bad_request", "The gateway cannot read this request."),
    "DEFAULT_5XX": Problem("internal_error", "An internal error occurred. Try again."),
}
"""The responses of the gateway itself, by gateway response type."""


def build_gateway_document(
    operations: tuple[AnyOperation, ...],
    *,
    title: str,
    user_pool_arn: str,
    invocation_uri: Callable[[AnyOperation], str],
    credentials: str,
    allowed_origin: str,
) -> Json:
    """The document that defines the API.

    ``invocation_uri`` returns the URI of an operation's function; ``credentials`` is the ARN of the
    role that the gateway uses to call all of them.
    """
    by_path: dict[str, list[AnyOperation]] = {}
    gateway_paths = unify_variables(each.public_path for each in operations)
    for operation in operations:
        by_path.setdefault(gateway_paths[operation.public_path], []).append(operation)
    paths: Json = {}
    for path, listed in sorted(by_path.items()):
        methods = {each.method: each for each in sorted(listed, key=lambda each: each.method)}
        paths[path] = {
            method.lower(): _describe(path, operation, invocation_uri(operation), credentials)
            for method, operation in methods.items()
        }
        if "GET" in methods:
            get = paths[path]["get"]
            paths[path]["head"] = {name: get[name] for name in get if name != "operationId"}
        paths[path]["options"] = _answer_preflight(preflight_headers(allowed_origin, methods))
        refusal = MethodNotAllowed(list_methods(methods))
        paths[path]["x-amazon-apigateway-any-method"] = _answer_problem(refusal, allowed_origin)
    return {
        "openapi": "3.0.1",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": {AUTHORIZER: _authorize_with(user_pool_arn)}},
        "x-amazon-apigateway-gateway-responses": {
            kind: _write_gateway_response(kind, problem, allowed_origin)
            for kind, problem in GATEWAY_PROBLEMS.items()
        },
    }


def unify_variables(paths: Iterable[str]) -> dict[str, str]:
    """Each path as in the gateway. The gateway allows one variable name per position in its tree of
    paths, here each operation can have its own: the shortest path determines the name.
    """
    names: dict[str, str] = {}
    unified: dict[str, str] = {}
    for path in sorted(paths, key=lambda each: (each.count("/"), each)):
        place = unified[path] = ""
        for part in path.split("/")[1:]:
            place += "/" + ("{}" if part.startswith("{") else part)
            unified[path] += "/" + names.setdefault(place, part)
    return unified


def _describe(path: str, operation: AnyOperation, uri: str, credentials: str) -> Json:
    return {
        "operationId": operation.name,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"\{(\w+)\}", path)
        ],
        "responses": {str(operation.status): {"description": operation.summary}},
        "security": [] if operation.public else [{AUTHORIZER: list(operation.oauth_scopes)}],
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",  # Lambda is invoked with POST, whatever the method of the request
            "uri": uri,
            "credentials": credentials,
            "passthroughBehavior": "when_no_match",
        },
    }


def _answer_preflight(headers: Mapping[str, str]) -> Json:
    return _answer_itself(204, "For browsers", headers, {})


def _answer_problem(problem: Problem, origin: str) -> Json:
    """The gateway itself answers with a problem that does not depend on the request."""
    headers = {**_problem_headers(origin), **problem.headers}
    body = json.dumps(problem.body("$context.requestId"))
    templates = {"application/json": body}
    return _answer_itself(problem.status, problem.title, headers, templates)


def _answer_itself(
    status: int, description: str, headers: Mapping[str, str], templates: Mapping[str, str]
) -> Json:
    """The gateway itself answers, without authorization."""
    mapped = {f"method.response.header.{name}": _quote(value) for name, value in headers.items()}
    declared = {name: {"schema": {"type": "string"}} for name in headers}
    response = {"statusCode": str(status), "responseParameters": mapped}
    return {
        "responses": {str(status): {"description": description, "headers": declared}},
        "security": [],
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": json.dumps({"statusCode": status})},
            # Without a template for its type, a body would be taken for the mock's own request.
            "passthroughBehavior": "never",
            "responses": {"default": {**response, "responseTemplates": dict(templates)}},
        },
    }


def _quote(value: str) -> str:
    """A fixed value in a parameter mapping."""
    return f"'{value}'"


def _problem_headers(origin: str) -> Mapping[str, str]:
    return {
        "Content-Type": "application/problem+json",
        **SECURITY_HEADERS,
        **allow_reading(origin),
    }


def _authorize_with(user_pool_arn: str) -> Json:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {
            "type": "cognito_user_pools",
            "providerARNs": [user_pool_arn],
        },
    }


def _write_gateway_response(kind: str, problem: Problem, origin: str) -> Json:
    headers = {**_problem_headers(origin), **problem.headers}
    body = problem.body("$context.requestId")
    response: Json = {
        "responseParameters": {
            f"gatewayresponse.header.{name}": _quote(value) for name, value in headers.items()
        },
    }
    if kind.startswith("DEFAULT_"):
        # It covers several statuses, and a status set here would replace all of them.
        del body["status"]
    else:
        response["statusCode"] = str(problem.status)
    # The gateway looks up the template by this name, whatever the response's content type.
    return {**response, "responseTemplates": {"application/json": json.dumps(body)}}
