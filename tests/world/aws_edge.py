"""Watching what goes to AWS, and letting it fail, at the wire of a test world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from tests.world.strict_aws import Response, Serve, StrictAws, WireCall


@contextmanager
def watched(aws: StrictAws) -> Iterator[list[WireCall]]:
    """Every call that reaches AWS meanwhile."""
    seen: list[WireCall] = []
    behind = aws.intercept

    def note(call: WireCall, serve: Serve) -> Response:
        seen.append(call)
        return behind(call, serve)

    aws.intercept = note
    try:
        yield seen
    finally:
        aws.intercept = behind


@contextmanager
def failing(
    aws: StrictAws,
    service: str,
    operation: str = "",
    *,
    code: str = "InternalErrorException",
    after: int = 0,
    times: float = inf,
) -> Iterator[None]:
    """Calls of one service, or of one operation of it, meet this error instead of taking effect;
    the first ``after`` of them still go through, and so do those beyond ``times`` failures. The
    HTTP status is 400, so that botocore does not try again by itself.
    """
    met = 0
    behind = aws.intercept

    def refuse(call: WireCall, serve: Serve) -> Response:
        nonlocal met
        concerned = call.service == service and operation in ("", call.operation)
        met += concerned
        if concerned and after < met <= after + times:
            return call.refuse(code, "Made to fail.")
        return behind(call, serve)

    aws.intercept = refuse
    try:
        yield
    finally:
        aws.intercept = behind
