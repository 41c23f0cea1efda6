"""Days, weeks, months, quarters and years of a calendar, in the time zone of whoever asks.

A day begins when the clocks there first show its midnight or, where that is skipped, when they are
set forward over it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from rollcall.directory.filters import UserFilters
from rollcall.kit.sentences import Form

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Interval(StrEnum):
    """A stretch of the calendar. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def begin(self, day: date) -> date:
        """The first day of the interval that a day lies in."""
        if self in _MONTHS:
            months = _MONTHS[self]
            return date(day.year, (day.month - 1) // months * months + 1, 1)
        return day - timedelta(days=day.weekday() if self is Interval.WEEK else 0)

    def step(self, first: date, number: int) -> date:
        """The first day of the interval so many later; earlier, when the number is negative."""
        if self in _MONTHS:
            months = first.year * 12 + first.month - 1 + number * _MONTHS[self]
            return date(months // 12, months % 12 + 1, 1)
        return first + timedelta(days=number * _DAYS[self])


_NO_ZONE = "Give the IANA name of a time zone, as Europe/Berlin."


@lru_cache(maxsize=64)
def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise ValueError(_NO_ZONE) from None
    return name


ZoneName = Annotated[
    str,
    # In upper case begin the zones themselves; what else lies beside them depends on the machine.
    Field(max_length=64),
    Form(r"^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", _NO_ZONE),
    AfterValidator(_check_zone),
]


class CalendarRequest(UserFilters):
    """Which users, and by whose calendar they are counted."""

    calendar_time_zone: Annotated[
        ZoneName,
        Field(
            description="Where days begin: an IANA name, as Europe/Berlin. Not to be taken for "
            "timezone, which asks for the users who have one."
        ),
    ] = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """Where days begin."""
        return ZoneInfo(self.calendar_time_zone)


def to_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone first show a time, or are set forward over it."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def begin_day(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return to_moment(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 (to_moment says where)


def to_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of a zone show at a moment, and no more."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
