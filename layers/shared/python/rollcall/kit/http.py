"""Reads API Gateway proxy events and writes proxy answers (Lambda proxy integration format 1.0)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from rollcall.kit.cors import allow_reading
from rollcall.kit.error_messages import clean
from rollcall.kit.errors import FieldError, Invalid, Malformed, PayloadTooLarge, Problem
from rollcall.kit.field_errors import (
    MAX_ERRORS,
    describe_unknown,
    json_path,
    refuse,
    refuse_invalid,
)
from rollcall.kit.json_text import begins_object, canonical, read_object
from rollcall.kit.media_types import check_media_type
from rollcall.kit.model import Answer, FileAnswer, Request, VersionedAnswer, camel_case
from rollcall.kit.near_misses import by_spelling, names_at, spelling, takes_many
from rollcall.kit.numbers import find_unstorable
from rollcall.kit.preconditions import EntityTags, Preconditions

if TYPE_CHECKING:
    from rollcall.kit.settings import Settings

MAX_IDEMPOTENCY_KEY = 255
MAX_USER_AGENT = 256
MAX_REPLY = 6_291_556
"""The bytes of JSON that Lambda accepts as the answer of a function (Developer Guide, "Lambda
quotas"). In it, the body is a text, so each of its quotation marks takes two bytes."""
SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}
"""On every answer of the API, also on those of the gateway itself. Paths can contain tokens of
links, so pages do not pass addresses on. The two years are OWASP's (REST Security Cheat Sheet)."""
_VARIABLE = re.compile(r"\{(\w+)\}")


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=camel_case, validate_by_name=True, extra="ignore")


class _Authorizer(_Part):
    claims: dict[str, str] = Field(default_factory=dict)


class _Caller(_Part):
    source_ip: str = ""
    user_agent: str | None = None


class _RequestContext(_Part):
    request_id: str = ""
    authorizer: _Authorizer | None = None
    identity: _Caller = Field(default_factory=_Caller)


class GatewayEvent(_Part):
    """The parts of a proxy event that an operation reads."""

    http_method: str = ""
    resource: str = ""
    """The path with its variables, as the gateway names them."""
    path_parameters: dict[str, str] | None = None
    multi_value_query_string_parameters: dict[str, list[str]] | None = None
    headers: dict[str, str] | None = None
    multi_value_headers: dict[str, list[str]] | None = None
    body: str | None = None
    is_base64_encoded: bool = False
    request_context: _RequestContext = Field(default_factory=_RequestContext)

    @property
    def claims(self) -> Mapping[str, str]:
        """The claims of the verified token; empty without a token."""
        authorizer = self.request_context.authorizer
        return authorizer.claims if authorizer else {}

    @property
    def source_ip(self) -> str:
        """The IP address of the caller."""
        return self.request_context.identity.source_ip

    @property
    def user_agent(self) -> str:
        """The caller's user agent, truncated and without control characters."""
        return clean(self.request_context.identity.user_agent or "", MAX_USER_AGENT)

    def header(self, name: str) -> str | None:
        """The value of a header; its name is case-insensitive. The values of a repeated header are
        one list (RFC 9110 section 5.3).
        """
        wanted = name.lower()
        lists = self.multi_value_headers or {}
        found = {**(self.headers or {}), **{held: ", ".join(each) for held, each in lists.items()}}
        return next((value for held, value in found.items() if held.lower() == wanted), None)

    def limit_body(self, at_most: int) -> None:
        """Raise PayloadTooLarge if the body has more bytes than this. Nothing is decoded."""
        body = self.body or ""
        if self.is_base64_encoded:
            size = len(body) // 4 * 3 - body[-2:].count("=")
        else:
            size = len(body)  # UTF-8 has at least one byte for each
            if size <= at_most:
                size = len(body.encode(errors="surrogatepass"))
        if size > at_most:
            raise PayloadTooLarge.over(at_most)

    @cached_property
    def json_body(self) -> dict[str, Any]:
        """The JSON object in the body; empty without a body. Raises Malformed, and
        UnsupportedMediaType for a body of another kind.
        """
        content = self._content()
        if content.strip():
            check_media_type(
                self.header("Content-Type"),
                self.header("Content-Encoding"),
                method=self.http_method,
                begins_object=begins_object(content),
            )
        return read_object(content)

    def _content(self) -> str | bytes:
        body = self.body or ""
        try:
            return base64.b64decode(body, validate=True) if self.is_base64_encoded else body
        except ValueError:
            raise Malformed("malformed_json", "The body is not valid JSON.") from None

    def sent(self) -> str:
        """The meaning of the whole request as one text, to compare it with another request."""
        parts = [self.path_parameters, self.multi_value_query_string_parameters, self.json_body]
        return canonical(parts)

    def preconditions(self) -> Preconditions:
        """The entity tags of ``If-Match`` and ``If-None-Match``. Raises Malformed."""
        names = ("If-Match", "If-None-Match")
        return Preconditions(*(EntityTags.read(name, self.header(name)) for name in names))

    def idempotency_key(self) -> str | None:
        """The ``Idempotency-Key`` header; raises Malformed when it is invalid."""
        key = self.header("Idempotency-Key")
        if key is None:
            return None
        if not 0 < len(key) <= MAX_IDEMPOTENCY_KEY or not key.isprintable():
            detail = f"Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY} printable characters."
            raise Malformed("bad_idempotency_key", detail)
        return key


def read_request[R: Request](
    event: GatewayEvent,
    model: type[R],
    *,
    has_body: bool,
    ignores_body: bool = False,
    ignores_unknown: bool = False,
    variables: Sequence[str] = (),
    settings: Settings | None = None,
) -> R:
    """The operation's request model from path variables and query or body. ``variables`` are the
    operation's names of the path variables, in order. The body of a GET has no meaning (RFC 9110
    section 9.3.1), so it is ignored. ``ignores_unknown`` ignores unknown query parameters, which
    mail programs and social networks add to links. Fields can depend on the ``settings`` of the
    deployment, which are pydantic's validation context.

    Raises Malformed for a body that is not a JSON object, UnsupportedMediaType for one that is not
    JSON, and Invalid with one entry for each invalid field.
    """
    # API Gateway has one name for a variable that operations can name differently.
    own = dict(zip(_VARIABLE.findall(event.resource), variables, strict=False))
    given = event.path_parameters or {}
    path = {camel_case(own.get(name, name)): value for name, value in given.items()}
    body = {} if ignores_body else _read_body(event)
    query = _read_query(event, model.model_fields.values(), ignores_unknown=ignores_unknown)
    # Misplaced fields are errors: ignoring a "mode" could delete a user.
    if has_body:
        sent = body
        _refuse_misplaced(query, model, "Send this in the body.")
    else:
        sent = query
        _refuse_misplaced(body, model, "Send this in the query.")
    differing = {name: each for name, each in sent.items() if path.get(name, each) != each}
    _refuse_misplaced(differing, model, "The path has another value. Leave this out.")
    try:
        if has_body:
            # JSON mode is strict about types, but accepts dates and enumerations as text.
            merged = json.dumps({**sent, **path})
            return model.model_validate_json(merged, strict=True, by_name=False, context=settings)
        return model.model_validate({**sent, **path}, by_name=False, context=settings)
    except ValidationError as error:
        refuse_invalid(error, model)


def write_answer(
    answer: Answer, status: int, origin: str, known: EntityTags | None = None
) -> dict[str, Any]:
    """The proxy answer of a successful call. If the caller knows the answer's entity tag, it is 304
    without a body (RFC 9110 section 15.4.5). Raises Invalid for a list that is larger than
    Lambda's limit.
    """
    if isinstance(answer, FileAnswer):
        headers = _attach(answer.file_name)
        return _write(status, answer.content, answer.content_type, origin, headers)
    headers = {"ETag": answer.etag} if isinstance(answer, VersionedAnswer) else {}
    if known and headers and known.has(headers["ETag"]):
        return _write(304, "", None, origin, headers)
    body = answer.model_dump_json(by_alias=True, exclude_none=True)
    reply = _write(status, body, "application/json", origin, headers)
    items = getattr(answer, "items", None)  # of every list
    if items:
        _check_size(reply, len(items))
    return reply


def _check_size(reply: dict[str, Any], items: int) -> None:
    if len(reply["body"]) < MAX_REPLY // 8:  # a character takes up to four bytes
        return
    size = len(json.dumps(reply, ensure_ascii=False).encode())
    if size > MAX_REPLY:
        fitting = max(1, items * MAX_REPLY * 9 // (size * 10))
        message = (
            f"This page has more than the {MAX_REPLY:,} bytes that an answer can have. Request "
            f"pages of {fitting} items or fewer, from the first page."
        )
        raise Invalid("page_too_large", message)


def _attach(file_name: str) -> dict[str, str]:
    """The headers for a download under this file name, which is plain ASCII."""
    return {"Content-Disposition": f'attachment; filename="{file_name}"'}


def write_problem(problem: Problem, request_id: str, origin: str) -> dict[str, Any]:
    """The proxy answer of a failed call."""
    body = json.dumps(problem.body(request_id))
    return _write(problem.status, body, "application/problem+json", origin, problem.headers)


def write_internal_error(request_id: str, origin: str) -> dict[str, Any]:
    """The answer to an unexpected error; it discloses only the request id."""
    detail = "An internal error occurred. Look for the request id in the log."
    problem = Problem("internal_error", detail)
    return write_problem(problem, request_id, origin)


def _write(
    status: int, body: str, content_type: str | None, origin: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "statusCode": HTTPStatus(status).value,
        "headers": {
            **({"Content-Type": content_type} if content_type else {}),
            **SECURITY_HEADERS,
            **allow_reading(origin),
            **headers,
        },
        "body": body,
    }


def _read_body(event: GatewayEvent) -> dict[str, Any]:
    body = event.json_body
    _refuse_unstorable(body)
    return body


def _refuse_misplaced(fields: Mapping[str, object], model: type[Request], advice: str) -> None:
    """The advice is for fields of the request. Any other field exists nowhere."""
    known = names_at(model, ())
    errors = (
        FieldError(name, advice, "misplaced") if name in known else describe_unknown(name, known)
        for name in fields
    )
    refuse(list(islice(errors, MAX_ERRORS)))


def _refuse_unstorable(body: Mapping[str, object]) -> None:
    """Numbers that the table cannot store are errors of their fields, whatever the model."""
    found = islice(find_unstorable(body), MAX_ERRORS)
    message = "This number is too large, too close to 0, or has too many digits."
    refuse([FieldError(json_path(each), message, "number_out_of_range") for each in found])


def _read_query(
    event: GatewayEvent, fields: Iterable[FieldInfo], *, ignores_unknown: bool
) -> dict[str, str | list[str]]:
    """The parameters by the names of their fields, which can be spelled as in a filter. Raises
    Invalid for a repeated parameter that can have one value only.
    """
    sent = event.multi_value_query_string_parameters or {}
    known = {str(field.alias): field for field in fields}
    names = by_spelling(known) if sent.keys() - known.keys() else {}
    query: dict[str, list[str]] = {}
    for name, values in sent.items():
        meant = name if name in known else names.get(spelling(name), name)
        if meant in known or not ignores_unknown:
            query.setdefault(meant, []).extend(values)
    repeated = {name for name, values in query.items() if len(values) > 1} & known.keys()
    refuse(
        [
            FieldError(name, "This parameter is given more than once. Give it once.", "repeated")
            for name in sorted(repeated)
            if not takes_many(known[name].annotation)
        ]
    )
    return {name: values[0] if len(values) == 1 else values for name, values in query.items()}
