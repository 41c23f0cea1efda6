"""The growth of the number of users by day, week, month, quarter or year (A4)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from rollcall.directory.conditions import Condition
from rollcall.directory.counts import count_created_before
from rollcall.directory.database import Database
from rollcall.directory.intervals import CalendarRequest, Interval
from rollcall.directory.selections import FilteredAnswer
from rollcall.directory.time_zones import begin_day, to_local
from rollcall.kit.errors import Invalid
from rollcall.kit.model import Date, Model

INTERVALS_AT_MOST = 400
INTERVALS = 30
"""The number of intervals, unless the request gives the first day."""
Day = Annotated[Date, Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]


class GrowthRequest(CalendarRequest):
    """The users to count, the interval, and the first and last day."""

    interval: Annotated[Interval, Field(description="Weeks start on Monday (ISO 8601).")] = (
        Interval.DAY
    )
    from_day: Annotated[
        Day | None,
        Field(
            alias="from",
            description="A day in the first interval, which is counted completely. Default: "
            f"{INTERVALS} intervals.",
        ),
    ] = None
    to_day: Annotated[
        Day | None,
        Field(
            alias="to",
            description="A day in the last interval, which is counted completely. Default: today.",
        ),
    ] = None

    def starts(self, now: datetime) -> list[date]:
        """The first days of all intervals and of the next one. Raises Invalid for no intervals, and
        for more than INTERVALS_AT_MOST.
        """
        last = self.interval.begin(self.to_day or to_local(now, self.zone).date())
        if self.from_day is None:
            return [self.interval.step(last, each) for each in range(1 - INTERVALS, 2)]
        starts = [self.interval.begin(self.from_day)]
        while starts[-1] <= last:
            starts.append(self.interval.step(starts[-1], 1))
            if len(starts) > INTERVALS_AT_MOST + 1:
                message = (
                    f"There can be at most {INTERVALS_AT_MOST} intervals. Use fewer or longer ones."
                )
                raise Invalid.field("from", message, "too_many_intervals")
        if len(starts) == 1:
            raise Invalid.field("to", "This cannot be before from.", "wrong_order")
        return starts


class GrowthEntry(Model):
    """One interval."""

    start: Annotated[Date, Field(description="Its first day.")]
    new_users: int
    total: Annotated[int, Field(description="The number of users at its end.")]


class Growth(FilteredAnswer):
    """The intervals in order, including those without new users."""

    interval: Interval
    calendar_time_zone: str
    items: tuple[GrowthEntry, ...]


def count_growth(
    database: Database, condition: Condition, starts: list[date], zone: ZoneInfo
) -> tuple[GrowthEntry, ...]:
    """The number of users created in each interval, and of all users at its end. ``starts`` are the
    first days of the intervals and of the next one.
    """
    moments = [begin_day(each, zone) for each in starts]
    totals = count_created_before(database, condition, moments)
    return tuple(
        GrowthEntry(start=start, new_users=totals[end] - totals[begin], total=totals[end])
        for start, begin, end in zip(starts, moments, moments[1:], strict=False)
    )
