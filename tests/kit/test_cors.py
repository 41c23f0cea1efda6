"""Which pages can read answers in a browser."""

from __future__ import annotations

import pytest

from rollcall.kit.cors import allow_reading


@pytest.mark.parametrize("origin", ["https://console.example.com", "*"])
def test_pages_of_the_allowed_origin_can_read_answers_and_their_headers(origin: str) -> None:
    headers = allow_reading(origin)
    assert headers.pop("Access-Control-Allow-Origin") == origin
    exposed = headers.pop("Access-Control-Expose-Headers").split(", ")
    assert {"ETag", "Content-Disposition", "Retry-After", "WWW-Authenticate"} == set(exposed)
    assert headers == {}, "no credentials: tokens are in a header, not in cookies"


def test_without_an_allowed_origin_no_page_can_read_answers() -> None:
    assert allow_reading("") == {}
