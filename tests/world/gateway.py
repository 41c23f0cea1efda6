"""Events as API Gateway sends them to a function, and the replies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollcall.kit.operation import Operation


@dataclass(frozen=True)
class Reply:
    """An operation's answer as a client of the API receives it."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    text: str = ""
    """The body of an answer that is a file."""

    @property
    def code(self) -> str:
        """The stable code of a problem."""
        return str(self.body["code"])

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names."""
        return [error["field"] for error in self.body["errors"]]


def make_event(
    operation: Operation[Any, Any],
    *,
    claims: dict[str, str],
    path: dict[str, str] | None = None,
    body: Any = None,
    query: Mapping[str, str | list[str]] | None = None,
    headers: dict[str, str] | None = None,
    source: str = "192.0.2.7",
) -> dict[str, Any]:
    """An API Gateway proxy event (REST API, format 1.0) for an operation."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return {
        "httpMethod": operation.method,
        "resource": operation.path,
        "pathParameters": path,
        "multiValueQueryStringParameters": {
            name: [value] if isinstance(value, str) else value
            for name, value in (query or {}).items()
        }
        or None,
        "headers": headers or {},
        "body": text,
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": "req_test",
            "identity": {"sourceIp": source, "userAgent": "pytest"},
            "authorizer": {"claims": claims} if claims else None,
        },
    }


def read_reply(answer: dict[str, Any]) -> Reply:
    status, body, headers = answer["statusCode"], answer["body"], answer["headers"]
    if "Content-Disposition" in headers:
        return Reply(status, {}, headers, text=body)
    return Reply(status, json.loads(body) if body else {}, headers)
