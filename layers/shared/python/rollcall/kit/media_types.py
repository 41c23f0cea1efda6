"""The media type and the coding of request bodies: JSON in UTF-8, not compressed (RFC 9110 sections
8.3 and 8.4).
"""

from __future__ import annotations

import re

from rollcall.kit.errors import UnsupportedMediaType

JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
"""A PATCH here is a merge patch (RFC 7396): null empties a field, and lists are replaced."""
FORM = "application/x-www-form-urlencoded"
_UTF_8 = frozenset({"utf-8", "utf8"})
_CHARSET = re.compile(r"(?i);\s*charset\s*=\s*\"?([^\s;\"]*)")
_ADVICE = "Send JSON with Content-Type: application/json, as curl --json does."


def accepted_types(method: str) -> tuple[str, ...]:
    """The media types of bodies of a method."""
    return (JSON, MERGE_PATCH) if method == "PATCH" else (JSON,)


def check_media_type(
    content_type: str | None, content_encoding: str | None, *, method: str, begins_object: bool
) -> None:
    """Raise UnsupportedMediaType unless the headers of a body say JSON in UTF-8.

    A body without a type is taken for JSON (RFC 9110 section 8.3). So is one that begins as a JSON
    object and has the type of HTML forms, because curl -d sends this type with every body. A form
    of another site's page gains nothing by it: callers are authenticated by a header, which a form
    cannot set.
    """
    if (content_encoding or "identity").strip().lower() != "identity":
        detail = "The body is compressed. Send it without Content-Encoding."
        raise UnsupportedMediaType(detail, {"Accept-Encoding": "identity"})
    if content_type is None:
        return
    types = accepted_types(method)
    named = content_type.partition(";")[0].strip().lower()
    if named not in types and not (named == FORM and begins_object):
        raise UnsupportedMediaType(f"The body is not JSON. {_ADVICE}", {"Accept": ", ".join(types)})
    if any(each.lower() not in _UTF_8 for each in _CHARSET.findall(content_type)):
        detail = "The body is in another charset. Send it in UTF-8."
        raise UnsupportedMediaType(detail, {"Accept": ", ".join(types)})
