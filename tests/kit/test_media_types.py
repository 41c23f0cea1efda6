"""The media type and the coding of request bodies (RFC 9110 sections 8.3, 8.4 and 15.5.16)."""

from __future__ import annotations

import pytest

from rollcall.kit.errors import UnsupportedMediaType
from rollcall.kit.media_types import accepted_types, check_media_type


def check(
    content_type: str | None, coding: str | None = None, method: str = "POST", body: str = "{}"
) -> None:
    begins_object = body.startswith("{")
    check_media_type(content_type, coding, method=method, begins_object=begins_object)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json ;charset="UTF-8"',
        "application/json;profile=x;charset=utf8",
        "application/x-www-form-urlencoded",  # of curl -d
        "application/x-www-form-urlencoded; charset=UTF-8",
    ],
)
def test_json_in_utf_8_is_accepted(content_type: str | None) -> None:
    check(content_type)
    check(content_type, "identity")


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/xml",
        "text/xml; charset=utf-8",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/jsonx",
        "application/json-patch+json",
        "application/vnd.api+json",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        'application/json; charset="latin1"',
        "application/json; charset=",
        "application/x-www-form-urlencoded; charset=utf-16",
    ],
)
def test_other_media_types_and_charsets_are_refused_with_the_accepted_ones(
    content_type: str,
) -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        check(content_type)
    assert refused.value.headers == {"Accept": "application/json"}


def test_form_is_refused_and_says_how_to_send_json() -> None:
    with pytest.raises(UnsupportedMediaType, match="Content-Type: application/json, as curl"):
        check("application/x-www-form-urlencoded", body="name=x")


def test_merge_patch_is_for_patch() -> None:
    check("application/merge-patch+json", method="PATCH")
    with pytest.raises(UnsupportedMediaType):
        check("application/merge-patch+json", method="PUT")
    assert accepted_types("PATCH") == ("application/json", "application/merge-patch+json")


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "gzip, identity", "x"])
def test_compressed_body_is_refused(coding: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refused:
        check("application/json", coding)
    assert refused.value.headers == {"Accept-Encoding": "identity"}
