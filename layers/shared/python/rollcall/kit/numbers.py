"""The numbers that DynamoDB can store: up to 38 digits, and 0 or an absolute value from 1E-130 to
below 1E+126 (Developer Guide, "Supported data types"). No request can contain others.
"""

from __future__ import annotations

from collections.abc import Iterator

from rollcall.kit.json_text import Location, iterate_values

_DIGITS = 38
_SMALLEST, _LIMIT = 1e-130, 10**126


def is_storable(number: float) -> bool:
    """Whether DynamoDB can store a number."""
    if number == 0:
        return True
    if not _SMALLEST <= abs(number) < _LIMIT:  # also if it is not a number
        return False
    return isinstance(number, float) or len(str(abs(number)).rstrip("0")) <= _DIGITS


def find_unstorable(value: object) -> Iterator[Location]:
    """The locations of all numbers in a JSON value that DynamoDB cannot store."""
    for location, each in iterate_values(value):
        if isinstance(each, int | float) and not is_storable(each):
            yield location
