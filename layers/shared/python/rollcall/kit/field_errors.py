"""Errors of the fields of a request, from what validation found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rollcall.kit.error_messages import UNKNOWN_FIELD, clean, write_message
from rollcall.kit.errors import FieldError, Invalid, Malformed
from rollcall.kit.model import Request
from rollcall.kit.near_misses import names_at, suggest
from rollcall.kit.shorthand import ALTERNATIVE

MAX_ERRORS = 50
"""The limit keeps the answer below API Gateway's maximum size."""
_EXPECTED = re.compile(r"'([^']*)'")
"""The values in pydantic's description of a choice."""


def refuse(errors: list[FieldError]) -> None:
    """Raise Invalid if there are errors."""
    if errors:
        fields = ", ".join(dict.fromkeys(each.field or "the request" for each in errors))
        raise Invalid("invalid", f"Please correct: {fields}.", tuple(errors)) from None


def refuse_invalid(error: ValidationError, model: type[Request]) -> NoReturn:
    """Raise Invalid with one entry for each field of the request that validation refused."""
    entries = error.errors(include_url=False)
    if any(entry["type"] == "json_invalid" for entry in entries):
        raise Malformed("malformed_json", "The request is not valid Unicode text.") from None
    refuse([_describe(each, model) for each in entries[:MAX_ERRORS]])
    raise AssertionError("A validation error has at least one entry.")


def json_path(location: tuple[int | str, ...]) -> str:
    """The location of a field for messages, as ``profile.birthDate``."""
    parts = (str(part) for part in location)
    return clean(".".join(part for part in parts if not ALTERNATIVE.fullmatch(part)))


def describe_unknown(name: str, known: Iterable[str]) -> FieldError:
    """The error of a field that a request has in none of its parts."""
    return FieldError(clean(name), suggest(name, known) + UNKNOWN_FIELD, "extra_forbidden")


def _describe(error: ErrorDetails, model: type[Request]) -> FieldError:
    """The error of a field. It names what the caller may have meant, but not what was sent."""
    hint, location = "", error["loc"]
    if error["type"] == "extra_forbidden":
        hint = suggest(location[-1], names_at(model, location[:-1]))
    elif error["type"] in {"enum", "literal_error"}:
        hint = suggest(error["input"], _EXPECTED.findall(error["ctx"]["expected"]))
    return FieldError(json_path(location), hint + write_message(error), error["type"])
