"""Which pages can read answers in a browser: Cross-Origin Resource Sharing (Fetch Standard)."""

from __future__ import annotations

_EXPOSED = "Content-Disposition, ETag, Retry-After, WWW-Authenticate"
"""What scripts can read, besides the headers that browsers always show them."""


def allow_reading(origin: str) -> dict[str, str]:
    """The headers of an answer that pages of this origin can read; ``*``: all pages. Without an
    origin there are none, and only pages of the API's own origin can read it.
    """
    if not origin:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}
