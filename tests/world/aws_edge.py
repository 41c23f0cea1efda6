"""Records AWS calls of a test world, or lets them fail, at the wire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from tests.world.strict_aws import Response, Serve, StrictAws, WireCall


@contextmanager
def watched(aws: StrictAws) -> Iterator[list[WireCall]]:
    """Record the AWS calls."""
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
    """Let calls of a service, or of one of its operations, fail with this error and without effect.
    The first ``after`` calls succeed, and so do calls after ``times`` failures. The HTTP status is
    400, so that botocore does not retry automatically.
    """
    matches = 0
    behind = aws.intercept

    def refuse(call: WireCall, serve: Serve) -> Response:
        nonlocal matches
        concerned = call.service == service and operation in ("", call.operation)
        matches += concerned
        if concerned and after < matches <= after + times:
            return call.refuse(code, "Made to fail.")
        return behind(call, serve)

    aws.intercept = refuse
    try:
        yield
    finally:
        aws.intercept = behind
