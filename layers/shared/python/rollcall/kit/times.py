"""Reads times and dates: date-time and full-date of RFC 3339 section 5.6, and nothing else.

Pydantic and ``fromisoformat`` accept more, such as ``"2030"`` as seconds since 1970 and
``"20300131"`` as a date.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    _DATE.pattern + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,30})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def read_time(text: str) -> datetime:
    """The time, in UTC and to the microsecond. Raises ValueError for any other text, and
    OverflowError for a time that is out of range in UTC.
    """
    if not _TIME.fullmatch(text):
        raise ValueError("This is not a time as in RFC 3339.")
    return datetime.fromisoformat(text.upper()).astimezone(UTC)


def read_date(text: str) -> date:
    """The date. Raises ValueError for any other text."""
    if not _DATE.fullmatch(text):
        raise ValueError("This is not a date as in RFC 3339.")
    return date.fromisoformat(text)


def read_time_or_date(text: str) -> datetime:
    """The time; a date means its start in UTC. Raises as :func:`read_time` does."""
    if _DATE.fullmatch(text):
        day = read_date(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return read_time(text)
