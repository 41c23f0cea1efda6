"""Days, weeks, months, quarters and years of a calendar, in the time zone of whoever asks."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from rollcall.directory.filters import UserFilters
from rollcall.directory.time_zones import ZoneName

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
