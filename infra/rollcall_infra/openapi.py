"""The public OpenAPI 3.1 document, generated from the operations.

``python -m rollcall_infra.openapi`` writes it to ``infra/openapi.json``, where a diff shows what a
change means for the callers of the API.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

from rollcall.grants.scopes import ADMIN_SCOPES, SYSTEM_SCOPES
from rollcall.kit.errors import Problem, Unauthenticated
from rollcall_infra.catalog import read_catalog
from rollcall_infra.gateway import AnyOperation, Json
from rollcall_infra.openapi_operations import PEOPLE, PROBLEMS, SERVICES, describe_operation
from rollcall_infra.openapi_schemas import Schemas

DOCUMENT = Path(__file__).parents[1] / "openapi.json"
TOKEN_URL = "/oauth2/token"  # noqa: S105 (an address)
"""The default. The output ``TokenEndpoint`` of a deployment has its own."""


def build_document(operations: tuple[AnyOperation, ...], token_url: str = TOKEN_URL) -> Json:
    """The document for these operations. ``token_url`` is the token endpoint for services."""
    schemas = Schemas(operations)
    paths: Json = {}
    for operation in sorted(operations, key=lambda each: (each.public_path, each.method)):
        path = paths.setdefault(operation.public_path, {})
        path[operation.method.lower()] = describe_operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall",
            "version": version("rollcall"),
            "summary": "User administration for applications on AWS.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api"}],
        "security": [{PEOPLE: []}],
        "tags": [{"name": area} for area in sorted({each.area for each in operations})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {each.__name__: _problem_response(each) for each in PROBLEMS},
            "securitySchemes": _security_schemes(token_url),
        },
    }


def _security_schemes(token_url: str) -> Json:
    scopes = {scope.value: scope.__doc__ for scope in SYSTEM_SCOPES}
    return {
        PEOPLE: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of a signed-in user, with the scope "
            f"{' or '.join(ADMIN_SCOPES)}. The user's permissions are read from the user's record "
            "at each call.",
        },
        SERVICES: {
            "type": "oauth2",
            "description": "The access token of a service's own app client. The token endpoint is "
            "the output TokenEndpoint of a deployment; on one machine, the command rollcall token "
            "--service prints a token. Request the token without naming scopes: it then has all "
            "scopes of the client, also those of its sources of facts and types of resources.",
            "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": scopes}},
        },
    }


def _problem_response(problem: type[Problem]) -> Json:
    described: Json = {
        "description": problem.title,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    if problem is Unauthenticated:
        words = "The scheme Bearer, and what is wrong with the token (RFC 6750)."
        header = {"description": words, "schema": {"type": "string"}}
        described["headers"] = {"WWW-Authenticate": header}
    return described


def write_document() -> None:
    """Write the document of the present operations to its committed file."""
    document = build_document(read_catalog().operations)
    DOCUMENT.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    write_document()
