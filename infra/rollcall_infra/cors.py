"""The CORS headers, the same for the gateway on AWS and the local one."""

from __future__ import annotations

from collections.abc import Iterable

from rollcall.kit.http import SECURITY_HEADERS

REQUEST_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
MAX_AGE_SECONDS = 3600


def list_methods(declared: Iterable[str]) -> list[str]:
    """All methods of a path that has operations with these methods. A GET answers HEAD too (RFC
    9110 section 9.3.2), and each path answers OPTIONS.
    """
    found = set(declared)
    return sorted({*found, "OPTIONS", *({"HEAD"} if "GET" in found else ())})


def preflight_headers(origin: str, methods: Iterable[str]) -> dict[str, str]:
    """The headers that answer an OPTIONS request for a path with these methods. Without an allowed
    origin, they allow nothing.
    """
    allowed = ", ".join(list_methods(methods))
    if not origin:
        return {**SECURITY_HEADERS, "Allow": allowed}
    return {
        **SECURITY_HEADERS,
        "Allow": allowed,
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": allowed,
        "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
        "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
    }
