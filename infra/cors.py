"""The CORS headers, the same for the gateway on AWS and the local one."""

from __future__ import annotations

from collections.abc import Iterable

from rollcall.kit.http import SECURITY_HEADERS

REQUEST_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match")
MAX_AGE_SECONDS = 3600


def preflight_headers(origin: str, methods: Iterable[str]) -> dict[str, str]:
    """The headers that answer an OPTIONS request for a path with these methods. Without an allowed
    origin, they allow nothing.
    """
    if not origin:
        return dict(SECURITY_HEADERS)
    return {
        **SECURITY_HEADERS,
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": ", ".join([*methods, "OPTIONS"]),
        "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
        "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
    }
