"""The API conforms to its document for every request (P2)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import batched
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from rollcall.kit.model import camel_case
from rollcall_infra.catalog import read_catalog
from rollcall_infra.openapi import build_document
from tests.api.acceptance import Session
from tests.api.examples import EXAMPLES, Example, Scene
from tests.local.http_scene import HttpScene
from tests.local.running import LocalRollcall, calling_from

pytestmark = pytest.mark.xdist_group("local")
"""One running Rollcall serves them all."""

DOCUMENT = build_document(read_catalog().operations)
OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CONFORMANCE_CHECKS = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "status_code_conformance",
    ]
)

NASTY_TEXTS = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202egnp.exe",
    "\ufeffadmin",
    "\uff41dmin@example.com",
    "a@b",
    "a" * 100_000,
    "'; DROP TABLE users; --",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%00%0a",
    "user@example.com\r\nBcc: other@example.com",
    "=cmd|' /C calc'!A0",
    "USER#usr_1",
    "GROUP#grp_1",
    "ACCESS",
    "rol_system",
    "admin:access",
    "type#workspace",
    "🏳️‍🌈" * 50,
    "İstanbul",
    "ß",
)
"""Strings that have broken other systems or could break ours; generators seldom find them."""
NASTY_TIMES = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z",
    "2026-01-05T09:00:00",
    "-62135596801",
    "1e10",
)
NASTY_CURSORS = ("=", "A", "Zm9v", "é", "A" * 4096, "A" * 4097)
NASTY_NUMBERS = ("0", "-1", "1.5", "1e3", "-1e309", "9" * 400, "NaN", "\u0661")
NASTY_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    [],
    {},
    [[[]]],
    {"": ""},
    *NASTY_TEXTS,
)
"""Values for a position in a body, which can have any JSON type."""
TRIED = 30
"""How many requests of each operation are sampled."""


type Bearers = dict[str, dict[str, str]]


@pytest.fixture(scope="session")
def bearers(local: LocalRollcall) -> Bearers:
    """Headers with a valid token, by security scheme: the admin's and a service's."""
    tokens = {"accessToken": local.admin_token, "serviceToken": local.token("--service")}
    return {scheme: {"Authorization": f"Bearer {token}"} for scheme, token in tokens.items()}


def bearer_for(bearers: Bearers, method: str, path: str) -> dict[str, str]:
    """The header that the document requires; none for a public operation."""
    security = DOCUMENT["paths"][path][method].get("security", DOCUMENT["security"])
    return {name: each for way in security for s in way for name, each in bearers[s].items()}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_answers_to_generated_requests_conform_to_the_document(
    method: str, path: str, data: st.DataObject, local: LocalRollcall, bearers: Bearers
) -> None:
    case = data.draw(SCHEMA[path][method].as_strategy())
    bearer = bearer_for(bearers, method, path)
    case.call_and_validate(base_url=local.api, headers=bearer, checks=CONFORMANCE_CHECKS)  # type: ignore[arg-type]  # its own registry hands out a wider type


@pytest.fixture
def scene(local: LocalRollcall, bearers: Bearers) -> HttpScene:
    """The objects that the examples use."""
    tokens = {name: each["Authorization"].removeprefix("Bearer ") for name, each in bearers.items()}
    admin, service = (Session(local.api, tokens[name]) for name in ("accessToken", "serviceToken"))
    return HttpScene(admin, service, local)


def test_all_objects_of_the_examples_can_be_created_over_http(scene: HttpScene) -> None:
    names = [name for name, held in vars(Scene).items() if isinstance(held, cached_property)]
    assert names
    for name in names:
        assert re.fullmatch(r"[a-z]{3}_\w+", getattr(scene, name)), name


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nasty_value_at_any_position_causes_no_server_error(
    method: str, path: str, local: LocalRollcall, bearers: Bearers, scene: HttpScene
) -> None:
    operation = DOCUMENT["paths"][path][method]
    example = _with_own_names(EXAMPLES[operation["operationId"]](scene))
    possible = list(_requests_with_something_nasty(operation, path, example))
    chosen = Random(operation["operationId"]).sample(possible, min(TRIED, len(possible)))  # noqa: S311 (a repeatable sample)
    bearer = bearer_for(bearers, method, path)
    with calling_from("127.0.0.3", local.api, bearer) as api:
        accepted = api.request(method, **_request(path, example))
        assert accepted.is_success, accepted.text
    # Few requests from one address, so that the throttle of public operations refuses none.
    for number, requests in enumerate(batched(chosen, 5, strict=False)):
        with calling_from(f"127.0.1.{number + 1}", local.api, bearer) as api:
            for request in requests:
                answer = api.request(method, **request)
                assert answer.status_code < 500, (request, answer.text)
                assert str(answer.status_code) in {*operation["responses"], "404", "413"}, request


def _with_own_names(example: Example) -> Example:
    """The example with names that no other test uses."""
    own = secrets.token_hex(4)
    named = {"name", "email", "uniqueId"} & (example.body or {}).keys()
    names = {name: f"{own}{(example.body or {})[name]}" for name in named}
    return replace(example, body=example.body and {**example.body, **names})


def _request(path: str, example: Example, **changed: Any) -> dict[str, Any]:
    """The example as a request of httpx, with another path, body or query."""
    variables = {camel_case(name): value for name, value in example.path.items()}
    body = changed.get("body", example.body)
    # json.dumps writes a lone surrogate as an escape, as clients send it.
    return {
        "url": _fill(path, {**variables, **changed.get("variables", {})}),
        "params": {**example.query, **changed.get("query", {})},
        **({} if body is None else {"content": json.dumps(body)}),
    }


def _requests_with_something_nasty(
    operation: dict[str, Any], path: str, example: Example
) -> Iterator[dict[str, Any]]:
    """Copies of the example, each with a nasty value at one position."""
    for parameter in operation["parameters"]:
        name = parameter["name"]
        for nasty in map(_as_sent, _nasty_for(name, parameter["schema"])):
            if parameter["in"] == "path":
                yield _request(path, example, variables={name: nasty or " "})
            elif parameter["in"] == "query":
                yield _request(path, example, query={name: nasty})
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        for body in _nasty_bodies(schema["properties"], example.body or {}):
            yield _request(path, example, body=body)


def _nasty_bodies(properties: dict[str, Any], body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    whole = {**dict.fromkeys(properties), **body}
    for position in _positions(whole):
        for nasty in NASTY_VALUES:
            yield _replaced({**body, position[0]: whole[position[0]]}, position, nasty)
    for name, schema in properties.items():
        if "date-time" in json.dumps(schema):
            yield from ({**body, name: nasty} for nasty in NASTY_TIMES)


def _nasty_for(name: str, schema: dict[str, Any]) -> tuple[str, ...]:
    if name == "cursor":
        return NASTY_CURSORS
    if schema.get("type") == "integer":
        return NASTY_NUMBERS
    return NASTY_TIMES if schema.get("format") == "date-time" else NASTY_TEXTS


def _as_sent(nasty: str) -> str:
    """The part of the value that a URL can contain."""
    return nasty.encode("utf-8", "replace").decode()[:1000]


def _positions(body: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value in a body, including objects and lists."""
    if at:
        yield at
    if isinstance(body, (dict, list)):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from _positions(value, (*at, key))


def _replaced(body: Any, position: tuple[Any, ...], value: Any) -> Any:
    """A copy of the body with another value at this position."""
    if not position:
        return value
    copied = body.copy()
    copied[position[0]] = _replaced(copied[position[0]], position[1:], value)
    return copied


def _fill(path: str, variables: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: quote(variables[match[1]], safe=""), path)
