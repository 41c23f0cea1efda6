"""Reads JSON as I-JSON defines it (RFC 7493), so that every reader understands a text alike: UTF-8,
no name twice in an object, no surrogates and noncharacters, no NaN and Infinity.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from rollcall.kit.error_messages import clean
from rollcall.kit.errors import FieldError, Malformed

type Location = tuple[int | str, ...]

DEPTH_AT_MOST = 64
"""Objects and lists within each other. Requests need far fewer."""
_READ_EXACTLY = 200
_EXACT_UP_TO = 2**53
_PLANE_ENDS = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_NOT_INTERCHANGEABLE = re.compile(f"[\ud800-\udfff\ufdd0-\ufdef{_PLANE_ENDS}]")
"""Surrogates without their other half, and noncharacters (RFC 7493 section 2.1)."""
_TOO_DEEP = f"The body has more than {DEPTH_AT_MOST} objects and lists within each other."


def read_object(sent: str | bytes) -> dict[str, Any]:
    """The JSON object of a body; an empty body is an empty object. A byte order mark is accepted
    (RFC 8259 section 8.1). Raises Malformed for any other text, with the place of the error.
    """
    text = _decode(sent).removeprefix("\ufeff")
    if not text.strip(" \t\r\n"):
        return {}
    try:
        body = json.loads(
            text,
            object_pairs_hook=_read_pairs,
            parse_constant=_refuse_constant,
            parse_int=read_integer,
            parse_float=read_float,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        _refuse(f"The body is not valid JSON. The error is at {place}.")
    except RecursionError:
        _refuse(_TOO_DEEP)
    if not isinstance(body, dict):
        _refuse("The body must be a JSON object.")
    _check_contents(body)
    return body


def begins_object(sent: str | bytes) -> bool:
    """Whether the first character of a body begins a JSON object."""
    start = sent[:1000]
    text = start if isinstance(start, str) else start.decode(errors="replace")
    return text.removeprefix("\ufeff").lstrip().startswith("{")


def canonical(value: object) -> str:
    """A text that is the same for JSON values with the same meaning, whatever the order of their
    names, and whether a number is written as 1, 1.0 or 1e0.
    """
    return json.dumps(_with_plain_numbers(value), sort_keys=True)


def iterate_values(value: object) -> Iterator[tuple[Location, object]]:
    """Every value in a JSON value, objects and lists included, with its location."""
    pending: list[tuple[Location, object]] = [((), value)]
    while pending:
        location, each = pending.pop()
        yield location, each
        if isinstance(each, dict):
            pending.extend(((*location, name), inner) for name, inner in each.items())
        elif isinstance(each, list):
            pending.extend(((*location, number), inner) for number, inner in enumerate(each))


def read_integer(text: str) -> int | float:
    """The integer of a JSON text. One with more digits than any that can be stored is a float,
    because Python refuses to read thousands of digits.
    """
    return int(text) if len(text) <= _READ_EXACTLY else float(text)


def read_float(text: str) -> int | float:
    """The number of a JSON text with a fraction or an exponent. A whole number is an integer, as
    JSON Schema says (Understanding JSON Schema, "Numeric types"), up to where floats are exact.
    """
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _EXACT_UP_TO else number


def _decode(sent: str | bytes) -> str:
    if isinstance(sent, str):
        return sent
    try:
        return sent.decode()
    except UnicodeDecodeError as error:
        _refuse(f"The body is not in UTF-8. The error is at byte {error.start + 1}.")


def _read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = clean(max(times, key=times.__getitem__))
        _refuse(f"{twice} is given more than once in one object. Give it once.", twice)
    return found


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"The body is not valid JSON. It has {name}, which is not a JSON number.")


def _check_contents(body: object) -> None:
    for location, each in iterate_values(body):
        if len(location) >= DEPTH_AT_MOST and isinstance(each, dict | list):
            _refuse(_TOO_DEEP)
        name = location[-1] if location else ""
        texts = (text for text in (name, each) if isinstance(text, str))
        if any(map(_NOT_INTERCHANGEABLE.search, texts)):
            field = clean(".".join(map(str, location)))
            kinds = "an unpaired surrogate or a noncharacter"
            _refuse(f"{field} has {kinds}, which JSON texts cannot have (RFC 7493).", field)


def _with_plain_numbers(value: object) -> object:
    match value:
        case dict():
            return {name: _with_plain_numbers(inner) for name, inner in value.items()}
        case list():
            return [_with_plain_numbers(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def _refuse(detail: str, field: str | None = None) -> NoReturn:
    errors = () if field is None else (FieldError(field, detail, "malformed_json"),)
    raise Malformed("malformed_json", detail, errors) from None
