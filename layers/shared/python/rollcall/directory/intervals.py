"""Calendar days, weeks, months, quarters and years, in the time zone of a request."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from rollcall.directory.filters import UserFilters
from rollcall.directory.time_zones import ZoneName
from rollcall.kit.choices import Choice

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Interval(Choice):
    """A calendar interval. Weeks start on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    def begin(self, day: date) -> date:
        """The first day of the interval that contains a day."""
        if self in _MONTHS:
            months = _MONTHS[self]
            return date(day.year, (day.month - 1) // months * months + 1, 1)
        return day - timedelta(days=day.weekday() if self is Interval.WEEK else 0)

    def step(self, first: date, number: int) -> date:
        """The first day of the interval that many intervals later, or earlier if negative."""
        if self in _MONTHS:
            months = first.year * 12 + first.month - 1 + number * _MONTHS[self]
            return date(months // 12, months % 12 + 1, 1)
        return first + timedelta(days=number * _DAYS[self])


class CalendarRequest(UserFilters):
    """The users to count, and the time zone of the calendar."""

    calendar_time_zone: Annotated[
        ZoneName,
        Field(
            description="The IANA time zone in which days start, such as Europe/Berlin. Not the "
            "filter timezone, which selects users by their time zone."
        ),
    ] = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which days start."""
        return ZoneInfo(self.calendar_time_zone)
