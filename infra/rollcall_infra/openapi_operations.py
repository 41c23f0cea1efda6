"""One operation in the public OpenAPI document: its parameters, request and responses."""

from __future__ import annotations

from http import HTTPStatus

from rollcall.grants.scopes import ADMIN_SCOPES
from rollcall.kit.entity import Entity
from rollcall.kit.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    PayloadTooLarge,
    Problem,
    Stale,
    Throttled,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from rollcall.kit.http import MAX_IDEMPOTENCY_KEY
from rollcall.kit.media_types import accepted_types
from rollcall.kit.model import VersionedAnswer, camel_case
from rollcall.kit.operation import NOT_YET
from rollcall.kit.paging import CursorRequest
from rollcall_infra.gateway import AnyOperation, Json
from rollcall_infra.openapi_schemas import Schemas

PEOPLE, SERVICES = "accessToken", "serviceToken"
"""The security schemes, for users and for services."""

PROBLEMS: tuple[type[Problem], ...] = (
    Malformed,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Gone,
    PayloadTooLarge,
    UnsupportedMediaType,
    Stale,
    Invalid,
    Throttled,
    Unavailable,
)


def is_for_services(operation: AnyOperation) -> bool:
    """Whether only services call it, with client credentials."""
    return not operation.public and not set(operation.oauth_scopes) & set(ADMIN_SCOPES)


def describe_operation(operation: AnyOperation, schemas: Schemas) -> Json:
    """The description of an operation in the document."""
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.area],
        "parameters": _parameters(operation, schemas),
        "responses": {**_file_response(operation), **_responses(operation, schemas)},
        "x-permission": operation.permission.value if operation.permission else None,
        "x-scoped": operation.scoped,
        "x-fresh-sign-in": operation.fresh_sign_in,
    }
    if operation.public:
        described["security"] = []
    if is_for_services(operation):
        described["security"] = [{SERVICES: list(operation.oauth_scopes)}]
    words = [_unwrap(operation.description)] if operation.description else []
    if operation.scoped:
        words.append(_LIMITED if is_for_services(operation) else _SCOPED)
    if operation.fresh_sign_in:
        words.append(_describe_fresh_sign_in(operation.fresh_sign_in))
    if words:
        described["description"] = "\n\n".join(words)
    if operation.has_body:
        schema = schemas.request(operation)
        described["requestBody"] = {
            "description": f"At most {operation.body_at_most:,} bytes.",
            "required": bool(schema.get("required")),
            "content": {kind: {"schema": schema} for kind in accepted_types(operation.method)},
        }
    return described


_SCOPED = (
    "Holders of the permission can do this everywhere; group admins, only for what belongs to the "
    "groups that they administer."
)
_LIMITED = "A service can do this only with its own sources of facts and types of resources."


def _describe_fresh_sign_in(case: bool | str) -> str:
    if_so = f", if {case}" if isinstance(case, str) else ""
    return (
        f"Needs a recent sign-in{if_so}. Otherwise the response is 401 with the code "
        "fresh_sign_in_required. Its maxAge, and max_age in the header WWW-Authenticate, is the "
        "age in seconds that the sign-in can have."
    )


def _unwrap(text: str) -> str:
    """One line per paragraph, as in Markdown."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _parameters(operation: AnyOperation, schemas: Schemas) -> list[Json]:
    parameters: list[Json] = [
        {
            "name": camel_case(name),
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
        if _is_conditional(operation):
            parameters += [_IF_MATCH, _IF_NONE_MATCH]
    elif _can_be_known(operation):
        parameters.append(_IF_NONE_MATCH)
    return parameters


def _query_parameter(name: str, schema: Json, *, required: bool) -> Json:
    described = _without_null(schema)
    words = described.pop("description", None)
    parameter = {"name": name, "in": "query", "required": required, "schema": described}
    return {**parameter, "description": words} if words else parameter


def _without_null(schema: Json) -> Json:
    """The schema of a value that is optional in a query, but cannot be null there."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    others = {name: each for name, each in schema.items() if name != "anyOf"}
    return {**kinds[0], **others} if len(kinds) == 1 else dict(schema)


_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A text of your choice. When the same request is repeated with it within 24 "
    "hours, the operation takes effect once and returns the same response.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY},
}
_IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you have read, or several. The request is refused with 412 when "
    "the version in none of them is the present one.",
    "schema": {"type": "string"},
}
_IF_NONE_MATCH: Json = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "ETags that you have, or *. A GET is answered with 304 and no body when one is "
    "the present one; a change is refused with 412, with * when the resource exists.",
    "schema": {"type": "string"},
}


def _responses(operation: AnyOperation, schemas: Schemas) -> Json:
    success: Json = {
        "description": operation.summary,
        "content": {"application/json": {"schema": schemas.answer(operation)}},
    }
    if issubclass(operation.answer_model, VersionedAnswer):
        etag = {"description": "The version, for If-Match.", "schema": {"type": "string"}}
        success["headers"] = {"ETag": etag}
    refusals = {
        str(problem.status): {"$ref": f"#/components/responses/{problem.__name__}"}
        for problem in PROBLEMS
        if _may_answer(operation, problem)
    }
    status = NOT_YET if operation.file_model else operation.status
    known = {"304": {"description": "You have it already."}} if _can_be_known(operation) else {}
    return {str(status): success, **known, **refusals}


def _is_conditional(operation: AnyOperation) -> bool:
    """Whether it changes what is at its address."""
    at_its_address = bool(operation.path_variables) or operation.method == "PUT"
    return operation.changes and at_its_address and not _only_creates(operation)


def _only_creates(operation: AnyOperation) -> bool:
    """Whether it creates something below its address, and changes nothing that the address
    names.
    """
    named = {name.removesuffix("_id") for name in operation.path_variables}
    changed = {getattr(each, "kind", "") for each in operation.writes}
    return operation.status == HTTPStatus.CREATED and not named & changed


def _can_be_known(operation: AnyOperation) -> bool:
    """Whether a caller can have its answer already, with an entity tag."""
    return operation.method == "GET" and issubclass(operation.answer_model, VersionedAnswer)


def _file_response(operation: AnyOperation) -> Json:
    """The response that is a file, for an operation that can have one."""
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
    walks = issubclass(operation.request_model, CursorRequest)
    rules: dict[type[Problem], bool] = {
        # Invalid JSON in the body, an invalid header, or an invalid cursor.
        Malformed: operation.has_body or operation.changes or walks or _can_be_known(operation),
        Unauthenticated: not operation.public,
        Forbidden: not operation.public,
        NotFound: bool(operation.path_variables or operation.writes or named & fields),
        Conflict: bool(operation.writes),
        Gone: operation.public,  # a link that has expired or was used
        PayloadTooLarge: operation.has_body,
        UnsupportedMediaType: operation.has_body,
        Stale: _is_conditional(operation),
    }
    return rules.get(problem, True)
