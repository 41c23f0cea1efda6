"""How the number of users has grown, day by day, week by week or month by month (A4)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.intervals import CalendarRequest, Interval
from rollcall.directory.selections import OfSelection
from rollcall.directory.tallies import count_created_before
from rollcall.directory.time_zones import begin_day, to_local
from rollcall.kit.errors import Invalid
from rollcall.kit.model import Model

INTERVALS_AT_MOST = 400
INTERVALS = 30
"""Unless it is said from when on."""
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]


class GrowthRequest(CalendarRequest):
    """Of which users, by which intervals, and from when to when."""

    interval: Annotated[Interval, Field(description="Weeks begin on Monday (ISO 8601).")] = (
        Interval.DAY
    )
    from_day: Annotated[
        Day | None,
        Field(
            alias="from",
            description="A day of the first interval, which is answered whole. Absent: so that "
            f"there are {INTERVALS}.",
        ),
    ] = None
    to_day: Annotated[
        Day | None,
        Field(alias="to", description="A day of the last interval, likewise. Absent: today."),
    ] = None

    def starts(self, now: datetime) -> list[date]:
        """The first days of all intervals, and of the one behind them. Raises Invalid when there
        are none, or more than INTERVALS_AT_MOST.
        """
        last = self.interval.begin(self.to_day or to_local(now, self.zone).date())
        if self.from_day is None:
            return [self.interval.step(last, each) for each in range(1 - INTERVALS, 2)]
        starts = [self.interval.begin(self.from_day)]
        while starts[-1] <= last:
            starts.append(self.interval.step(starts[-1], 1))
            if len(starts) > INTERVALS_AT_MOST + 1:
                message = (
                    f"There can be {INTERVALS_AT_MOST} intervals; ask for fewer, or longer ones."
                )
                raise Invalid.field("from", message, "too_many_intervals")
        if len(starts) == 1:
            raise Invalid.field("to", "This cannot lie before from.", "wrong_order")
        return starts


class GrowthEntry(Model):
    """One interval."""

    start: Annotated[date, Field(description="Its first day.")]
    new_users: int
    total: Annotated[int, Field(description="Users at its end.")]


class Growth(OfSelection):
    """The intervals in order; those without new users, too."""

    interval: Interval
    calendar_time_zone: str
    items: tuple[GrowthEntry, ...]


def count_growth(
    database: Database, condition: Condition, starts: list[date], zone: ZoneInfo
) -> tuple[GrowthEntry, ...]:
    """The users who were created in each interval, and in all until its end. ``starts`` are the
    first days of the intervals, and of the one behind them.
    """
    moments = [begin_day(each, zone) for each in starts]
    totals = count_created_before(database, condition, moments)
    return tuple(
        GrowthEntry(start=start, new_users=totals[end] - totals[begin], total=totals[end])
        for start, begin, end in zip(starts, moments, moments[1:], strict=False)
    )
