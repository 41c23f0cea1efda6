"""The numbers that DynamoDB can store: up to 38 digits, and 0 or an absolute value from 1E-130 to
below 1E+126 (Developer Guide, "Supported data types"). No request can contain others.
"""

from __future__ import annotations

from collections.abc import Iterator

_DIGITS = 38
_READ_EXACTLY = 200
_SMALLEST, _LIMIT = 1e-130, 10**126


def read_integer(text: str) -> int | float:
    """The integer of a JSON text. One with more digits than any that can be stored is a float,
    because Python refuses to read thousands of digits.
    """
    return int(text) if len(text) <= _READ_EXACTLY else float(text)


def is_storable(number: float) -> bool:
    """Whether DynamoDB can store a number."""
    if number == 0:
        return True
    if not _SMALLEST <= abs(number) < _LIMIT:  # also if it is not a number
        return False
    return isinstance(number, float) or len(str(abs(number)).rstrip("0")) <= _DIGITS


def find_unstorable(value: object) -> Iterator[tuple[int | str, ...]]:
    """The locations of all numbers in a JSON value that DynamoDB cannot store."""
    pending: list[tuple[tuple[int | str, ...], object]] = [((), value)]
    while pending:
        location, each = pending.pop()
        if isinstance(each, dict):
            pending.extend(((*location, name), inner) for name, inner in each.items())
        elif isinstance(each, list):
            pending.extend(((*location, number), inner) for number, inner in enumerate(each))
        elif isinstance(each, int | float) and not is_storable(each):
            yield location
