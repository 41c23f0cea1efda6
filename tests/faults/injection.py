"""Injects faults into AWS calls.

A call site has 11 variants. Before the call takes effect: a connection error, a response 500 or
throttling; after it: a timeout or a response 500. Each of them occurs once (the client's retries
then succeed) or persistently (all later calls of the same service fail too). In addition, the
process can crash after the call, which happens once; a crash before it is one after the previous
call. A call that only reads has no effect, and its caller handles all errors alike except for the
exception type. Its variants are one transient error, and one persistent error of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from threading import Lock
from typing import Any, NamedTuple

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from tests.world.strict_aws import Response, Serve, WireCall


class Crash(BaseException):
    """The process crashes here. As with a kill, ``except Exception`` does not catch it."""


class Kind(StrEnum):
    """The kind of a fault."""

    CONNECTION_ERROR = "connection error"
    SERVER_ERROR = "500"
    THROTTLED = "throttled"
    TIMEOUT_AFTER = "timeout after effect"
    SERVER_ERROR_AFTER = "500 after effect"
    CRASH = "crash after effect"


class Variant(NamedTuple):
    """One fault of one call."""

    kind: Kind
    persistent: bool

    def __str__(self) -> str:
        return f"{self.kind.value}, {'persistently' if self.persistent else 'once'}"


VARIANTS = tuple(
    Variant(kind, persistent)
    for kind in Kind
    for persistent in (False, True)
    if not (persistent and kind is Kind.CRASH)
)
VARIANTS_OF_READING = (
    Variant(Kind.THROTTLED, persistent=False),
    Variant(Kind.CONNECTION_ERROR, persistent=True),
    Variant(Kind.SERVER_ERROR, persistent=True),
)
_AFTER_EFFECT = frozenset({Kind.TIMEOUT_AFTER, Kind.SERVER_ERROR_AFTER, Kind.CRASH})
_READING = frozenset(
    ("GetItem", "BatchGetItem", "Query")
    + ("AdminGetUser", "AdminListGroupsForUser", "ListUsers", "ListUsersInGroup")
    + ("GetObject", "ListObjectsV2")
)


def choose_sites(calls: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The calls that get faults, with their numbers: all calls, but of a scan, which reads
    partitions of one kind one after the other, only the first two and the last.
    """
    number = 0
    for call, neighbours in groupby(calls):
        scan = list(enumerate(neighbours, number))
        number += len(scan)
        skipped = len(scan) > 3 and "#" in call
        yield from (*scan[:2], scan[-1]) if skipped else scan


def _read_from(call: WireCall) -> str:
    """The kind of partition that a Query reads from; scans query one after the other."""
    if call.operation != "Query":
        return ""
    key = call.parameters["ExpressionAttributeValues"][":pk"]["S"]
    return f" {call.parameters.get('IndexName', '')} {key.partition('#')[0]}#"


def variants_of(site: str) -> tuple[Variant, ...]:
    """The variants of a call, named as in :attr:`Injection.calls`."""
    return VARIANTS_OF_READING if site.split(" ")[1] in _READING else VARIANTS


_THROTTLING = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "cognito-idp": "TooManyRequestsException",
    "sesv2": "TooManyRequestsException",
    "s3": "SlowDown",
}
_SERVER_ERRORS = {
    "dynamodb": "InternalServerError",
    "cognito-idp": "InternalErrorException",
    "s3": "InternalError",
}


@dataclass
class Injection:
    """An interception that injects a fault at one call site; without a site it only counts."""

    site: int = -1
    variant: Variant | None = None
    calls: list[str] = field(default_factory=list)
    """The calls, one entry for all attempts of a call."""
    _contexts: list[dict[str, Any]] = field(default_factory=list)
    """The contexts of the calls in order; all attempts of a call share one context."""
    _service: str = ""
    _struck: bool = False
    _lock: AbstractContextManager[bool] = field(default_factory=Lock)
    """Some calls are concurrent."""

    def __call__(self, call: WireCall, serve: Serve) -> Response:
        """Serve one attempt or let it fail."""
        with self._lock:
            number = self._find_number(call)
            strikes = self.variant is not None and self._strikes(call, number)
        if self.variant is None or not strikes:
            return serve()
        return _fail(self.variant.kind, call, serve)

    def _find_number(self, call: WireCall) -> int:
        known = (n for n, context in enumerate(self._contexts) if context is call.context)
        number = next(known, len(self.calls))
        if number == len(self.calls):
            self._contexts.append(call.context)
            self.calls.append(f"{call.service} {call.operation}{_read_from(call)}")
        return number

    def _strikes(self, call: WireCall, number: int) -> bool:
        if not self._struck and number == self.site:
            self._struck, self._service = True, call.service
            return True
        persistent = self.variant is not None and self.variant.persistent
        return self._struck and persistent and call.service == self._service


def _fail(kind: Kind, call: WireCall, serve: Serve) -> Response:
    url = str(call.request.url)
    if kind in _AFTER_EFFECT:
        serve()
    if kind is Kind.CRASH:
        raise Crash
    if kind is Kind.CONNECTION_ERROR:
        return None, EndpointConnectionError(endpoint_url=url)
    if kind is Kind.TIMEOUT_AFTER:
        return None, ReadTimeoutError(endpoint_url=url)
    if kind is Kind.THROTTLED:
        return call.refuse(_THROTTLING[call.service], "made to fail")
    code = _SERVER_ERRORS.get(call.service, "InternalFailure")
    return call.refuse(code, "made to fail", status=500)
