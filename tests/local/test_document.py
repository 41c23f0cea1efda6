"""The API keeps what its document says, whatever it is sent (P2)."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from infra.catalog import read_catalog
from infra.openapi import build_document
from tests.local.running import LocalRollcall

pytestmark = pytest.mark.xdist_group("local")
"""One running Rollcall serves them all."""

DOCUMENT = build_document(read_catalog().operations)
OPERATIONS = [(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
KEPT_PROMISES = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "status_code_conformance",
    ]
)

NASTY = (
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
    "null",
    "-1e309",
    "🏳️‍🌈" * 50,
    "İstanbul",
    "ß",
)
"""Strings that have broken other systems; a generator seldom comes upon them."""


@pytest.fixture(scope="session")
def bearer(local: LocalRollcall) -> dict[str, str]:
    """The admin's token as a header."""
    return {"Authorization": f"Bearer {local.token()}"}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@given(data=st.data())
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_the_answer_is_one_that_is_documented(
    method: str, path: str, data: st.DataObject, local: LocalRollcall, bearer: dict[str, str]
) -> None:
    case = data.draw(SCHEMA[path][method].as_strategy())
    case.call_and_validate(base_url=local.api, headers=bearer, checks=KEPT_PROMISES)  # type: ignore[arg-type]  # its own registry hands out a wider type


@pytest.mark.parametrize(
    ("method", "path"),
    [(m, p) for p, methods in DOCUMENT["paths"].items() for m in methods],
)
def test_nasty_text_in_any_place_is_refused_or_kept_but_breaks_nothing(
    method: str, path: str, local: LocalRollcall, bearer: dict[str, str]
) -> None:
    operation = DOCUMENT["paths"][path][method]
    with httpx.Client(base_url=local.api, headers=bearer, timeout=30) as api:
        for nasty in NASTY:
            for request in _requests_with(nasty, operation, path):
                answer = api.request(method, **request)
                assert answer.status_code < 500, (request, answer.text)
                assert str(answer.status_code) in {*operation["responses"], "404", "413"}


def _requests_with(nasty: str, operation: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """One request for each field of the body and the query, and one with it in the path."""
    in_address = quote(nasty.encode("utf-8", "replace")[:1000], safe="") or "%20"
    nobody = _filled(path, "usr_unknown")
    requests: list[dict[str, Any]] = []
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        # json.dumps writes a lone surrogate as an escape, which is how it would arrive.
        requests += [
            {"url": nobody, "content": json.dumps({"email": "nasty@example.com", name: nasty})}
            for name in schema["properties"]
        ]
    query = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
    requests += [{"url": f"{nobody}?{name}={in_address}"} for name in query]
    if nobody != path:
        requests.append({"url": _filled(path, in_address)})
    return requests


def _filled(path: str, value: str) -> str:
    return re.sub(r"\{\w+\}", lambda _: value, path)
