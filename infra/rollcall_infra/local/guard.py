"""Refuses the requests of other origins' pages in a browser on this machine.

Such a page reaches loopback directly, or by DNS rebinding: its own domain name resolves to
127.0.0.1. The ``Origin``, ``Sec-Fetch-Site`` and ``Host`` headers show both, and a page cannot
change them (Fetch Standard, forbidden request-headers).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import Scope

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_OWN_SITES = {"same-origin", "none"}
"""What ``Sec-Fetch-Site`` says of a request by the server's own page, or by the person directly. A
page of another port of this machine is of another origin, but of the same site.
"""
_OF_A_PAGE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
"""The headers of a link that a person follows. The page with the link cannot read the answer."""


def local_origins(port: int) -> frozenset[str]:
    """The origins of pages that a server on this port of the loopback interface serves."""
    suffix = "" if port == 80 else f":{port}"  # browsers omit the default port
    return frozenset(f"http://{name}{suffix}" for name in ("127.0.0.1", "localhost"))


def find_intrusion(scope: Scope, origins: Collection[str]) -> str | None:
    """The reason to refuse the request; None for a request from this machine or these origins."""
    headers = Headers(scope=scope)
    hosts, senders = headers.getlist("Host"), headers.getlist("Origin")
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        return "This server is only for this machine. Use the address 127.0.0.1 or localhost."
    if senders:
        trusted = len(senders) == 1 and senders[0] in origins
    else:
        sites = {each.lower() for each in headers.getlist("Sec-Fetch-Site")}
        trusted = sites <= _OWN_SITES or _follows_link(scope)
    return None if trusted else "Pages of this origin cannot use this server."


def _follows_link(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    found = {name: headers.get(name) for name in _OF_A_PAGE}
    return bool(scope["method"] == "GET" and found == _OF_A_PAGE)
