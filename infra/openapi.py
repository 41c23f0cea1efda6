"""The public OpenAPI 3.1 document, read from the operations.

``python -m infra.openapi`` writes it to ``infra/openapi.json``, where a diff shows what a change
means for the callers of the API.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import WithDefaultSchema

from infra.catalog import read_catalog
from infra.gateway import PayloadTooLarge
from rollcall.grants.scopes import ADMIN_SCOPES, SYSTEM_SCOPES
from rollcall.kit.entity import Entity
from rollcall.kit.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    Stale,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from rollcall.kit.http import IDEMPOTENCY_KEY_AT_MOST
from rollcall.kit.model import VersionedAnswer
from rollcall.kit.operation import NOT_YET, Operation
from rollcall.kit.paging import WalkRequest

DOCUMENT = Path(__file__).with_name("openapi.json")
PEOPLE, SERVICES = "accessToken", "serviceToken"
"""The security schemes: who an operation is for."""
TOKEN_URL = "/oauth2/token"  # noqa: S105 (an address)
"""Each deployment has its own, which its output ``TokenEndpoint`` names."""
_REFERENCE = "#/components/schemas/{model}"

type Json = dict[str, Any]
type AnyOperation = Operation[Any, Any]


def build_document(operations: tuple[AnyOperation, ...], token_url: str = TOKEN_URL) -> Json:
    """The whole document for these operations; services get their tokens at ``token_url``."""
    schemas = _Schemas(operations)
    paths: Json = {}
    for operation in sorted(operations, key=lambda each: (each.public_path, each.method)):
        path = paths.setdefault(operation.public_path, {})
        path[operation.method.lower()] = _describe(operation, schemas)
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
            "responses": {each.__name__: _problem_response(each) for each in _PROBLEMS},
            "securitySchemes": _security_schemes(token_url),
        },
    }


def is_for_services(operation: AnyOperation) -> bool:
    """Whether services call it, with client credentials, and people cannot."""
    return not operation.public and not set(operation.oauth_scopes) & set(ADMIN_SCOPES)


def _security_schemes(token_url: str) -> Json:
    scopes = {scope.value: scope.__doc__ for scope in SYSTEM_SCOPES}
    return {
        PEOPLE: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of somebody who has signed in, with the scope "
            f"{' or '.join(ADMIN_SCOPES)}. What they may do is read from their own record at each "
            "call.",
        },
        SERVICES: {
            "type": "oauth2",
            "description": "The access token of a service's own app client. The output "
            "TokenEndpoint of a deployment says where it is given out; on one machine, so does "
            "rollcall token --service.",
            "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": scopes}},
        },
    }


def write_document() -> None:
    """Write the document of the present operations to its committed place."""
    document = build_document(read_catalog().operations)
    DOCUMENT.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


_PROBLEMS: tuple[type[Problem], ...] = (
    Malformed,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Gone,
    PayloadTooLarge,
    Stale,
    Invalid,
    Throttled,
    Unavailable,
)

_PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "RFC 9457 problem details; code is stable and for programs.",
    "required": ["type", "title", "status", "detail", "code", "errors", "requestId"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message", "code"],
                "properties": {
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
    },
}


class _Plain(GenerateJsonSchema):
    """Without a title a field, which would only repeat its name, and without null as a default: a
    client that sends what the document gives as default would empty what it meant to leave.
    """

    def default_schema(self, schema: WithDefaultSchema) -> dict[str, Any]:
        """The schema of a field that may be absent."""
        described = super().default_schema(schema)
        if described.get("default", ...) is None:
            del described["default"]
        return described

    def field_title_should_be_set(self, schema: object) -> bool:
        """Never."""
        return False


class _Schemas:
    """The JSON schemas of all requests and answers, and the shared components they refer to."""

    def __init__(self, operations: tuple[AnyOperation, ...]) -> None:
        models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
        for operation in operations:
            models.append((operation.request_model, "validation"))
            models.append((operation.answer_model, "serialization"))
        # ``by_alias`` gives the camelCase names that callers see.
        self._references, document = models_json_schema(
            list(dict.fromkeys(models)),
            by_alias=True,
            ref_template=_REFERENCE,
            schema_generator=_Plain,
        )
        self._definitions: Json = document["$defs"]
        requests = {self._name(each.request_model, "validation") for each in operations}
        shared = {name: each for name, each in self._definitions.items() if name not in requests}
        self.components: Json = {"Problem": _PROBLEM_SCHEMA, **shared}

    def answer(self, operation: AnyOperation) -> Json:
        """A reference to the schema of an operation's answer."""
        return {"$ref": self._references[(operation.answer_model, "serialization")]["$ref"]}

    def request(self, operation: AnyOperation) -> Json:
        """The schema of what the caller sends beside the path."""
        schema = self._definitions[self._name(operation.request_model, "validation")]
        in_path = {to_camel(name) for name in operation.path_variables}
        properties = {k: v for k, v in schema.get("properties", {}).items() if k not in in_path}
        required = [name for name in schema.get("required", []) if name not in in_path]
        sent = {**schema, "properties": properties, "required": required}
        return sent if required else {k: v for k, v in sent.items() if k != "required"}

    def variable(self, operation: AnyOperation, name: str) -> Json:
        """The schema of a path variable."""
        schema = self._definitions[self._name(operation.request_model, "validation")]
        found: Json = schema["properties"][to_camel(name)]
        return found

    def _name(self, model: type[BaseModel], mode: JsonSchemaMode) -> str:
        reference: str = self._references[(model, mode)]["$ref"]
        return reference.rpartition("/")[2]


def _describe(operation: AnyOperation, schemas: _Schemas) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.area],
        "parameters": _parameters(operation, schemas),
        "responses": {**_file_response(operation), **_responses(operation, schemas)},
        "x-permission": operation.permission.value if operation.permission else None,
        "x-scoped": operation.scoped,
    }
    if operation.public:
        described["security"] = []
    if is_for_services(operation):
        described["security"] = [{SERVICES: list(operation.oauth_scopes)}]
    words = [_unwrap(operation.description)] if operation.description else []
    if operation.scoped:
        words.append(_SCOPED)
    if words:
        described["description"] = "\n\n".join(words)
    if operation.has_body:
        schema = schemas.request(operation)
        described["requestBody"] = {
            "required": bool(schema.get("required")),
            "content": {"application/json": {"schema": schema}},
        }
    return described


_SCOPED = (
    "Whoever holds the permission may do this anywhere; a group admin, for what belongs to the "
    "groups that they administer."
)


def _unwrap(text: str) -> str:
    """Paragraphs on one line each, as Markdown has them."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _parameters(operation: AnyOperation, schemas: _Schemas) -> list[Json]:
    parameters: list[Json] = [
        {
            "name": to_camel(name),
            "in": "path",
            "required": True,
            "schema": schemas.variable(operation, name),
        }
        for name in operation.path_variables
    ]
    if not operation.has_body:
        sent = schemas.request(operation)
        needed = sent.get("required", [])
        parameters += [
            _query_parameter(name, schema, required=name in needed)
            for name, schema in sent["properties"].items()
        ]
    if operation.changes:
        parameters.append(_IDEMPOTENCY_KEY)
        if operation.path_variables:
            parameters.append(_IF_MATCH)
    return parameters


def _query_parameter(name: str, schema: Json, *, required: bool) -> Json:
    described = _without_null(schema)
    words = described.pop("description", None)
    parameter = {"name": name, "in": "query", "required": required, "schema": described}
    return {**parameter, "description": words} if words else parameter


def _without_null(schema: Json) -> Json:
    """The schema of something that can be left out of a query, but not be null there."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    others = {name: each for name, each in schema.items() if name != "anyOf"}
    return {**kinds[0], **others} if len(kinds) == 1 else dict(schema)


_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own. Sent again with the same request within 24 hours, the "
    "call has one effect and the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_AT_MOST},
}
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you have read; refused with 412 when it is no longer the "
    "present one.",
    "schema": {"type": "string"},
}


def _responses(operation: AnyOperation, schemas: _Schemas) -> Json:
    success: Json = {
        "description": operation.summary,
        "content": {"application/json": {"schema": schemas.answer(operation)}},
    }
    if issubclass(operation.answer_model, VersionedAnswer):
        etag = {"description": "The version, for If-Match.", "schema": {"type": "string"}}
        success["headers"] = {"ETag": etag}
    refusals = {
        str(problem.status): {"$ref": f"#/components/responses/{problem.__name__}"}
        for problem in _PROBLEMS
        if _may_answer(operation, problem)
    }
    status = NOT_YET if operation.file_model else operation.status
    return {str(status): success, **refusals}


def _file_response(operation: AnyOperation) -> Json:
    """The answer that is a file, if there may be one."""
    if operation.file_model is None:
        return {}
    text = {"schema": {"type": "string"}}
    name = {"description": "The file's name.", "schema": {"type": "string"}}
    described: Json = {
        "description": "The file.",
        "headers": {"Content-Disposition": name},
        "content": {each.partition(";")[0]: text for each in operation.file_model.content_types},
    }
    return {str(operation.status): described}


def _may_answer(operation: AnyOperation, problem: type[Problem]) -> bool:
    # Groups and roles can be named in a body too, and a segment in a query.
    named = {each.kind for each in operation.reads if issubclass(each, Entity)}
    fields = operation.request_model.model_fields.keys()
    walks = issubclass(operation.request_model, WalkRequest)
    rules: dict[type[Problem], bool] = {
        # A body that is no JSON, a bad Idempotency-Key, or a bad cursor.
        Malformed: operation.has_body or operation.changes or walks,
        Unauthenticated: not operation.public,
        Forbidden: not operation.public,
        NotFound: bool(operation.path_variables or operation.writes or named & fields),
        Conflict: bool(operation.writes),
        Gone: operation.public,  # a link that has ended, or was used
        PayloadTooLarge: operation.has_body,
        Stale: bool(operation.writes and operation.path_variables),
    }
    return rules.get(problem, True)


def _problem_response(problem: type[Problem]) -> Json:
    return {
        "description": problem.title,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }


if __name__ == "__main__":
    write_document()
