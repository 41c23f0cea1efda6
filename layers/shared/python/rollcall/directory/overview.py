"""Comparison of the current period with the previous one (A4)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from rollcall.directory.conditions import Condition
from rollcall.directory.counts import add_up, count_each
from rollcall.directory.database import Database
from rollcall.directory.expressions import And, Comparison, Operator, Or
from rollcall.directory.intervals import CalendarRequest, Interval
from rollcall.directory.selections import FilteredAnswer
from rollcall.directory.time_zones import begin_day, to_local, to_moment
from rollcall.kit.model import Model, Time

DAYS = 30
"""The number of days, unless the request gives a period."""


class Span(Model):
    """A time span. It includes its start and excludes its end."""

    start: Time
    end: Time


class Periods(NamedTuple):
    """The periods to compare."""

    previous: Span
    current: Span
    """Until now."""


class OverviewRequest(CalendarRequest):
    """The users to count, and the length of the period."""

    period: Annotated[
        Interval | None,
        Field(
            description="The current day, week, month, quarter or year up to now, compared with "
            "the same part of the previous one."
        ),
    ] = None
    days: Annotated[
        int | None,
        Field(
            ge=1,
            le=3650,
            description="The number of days up to now, compared with the same number before them. "
            f"Default without period: {DAYS}.",
        ),
    ] = None

    @field_validator("days")
    @classmethod
    def _check_one(cls, days: int | None, info: ValidationInfo) -> int | None:
        if days and info.data.get("period"):
            raise ValueError("Use period or days, not both.")
        return days

    def periods(self, now: datetime) -> Periods:
        """The periods to compare, in local time of the time zone."""
        if self.period:
            return _compare_begun(self.period, now, self.zone)
        length, local = timedelta(days=self.days or DAYS), to_local(now, self.zone)
        start = to_moment(local - length, self.zone)
        before = to_moment(local - 2 * length, self.zone)
        return Periods(Span(start=before, end=start), Span(start=start, end=now))


class Figure(Model):
    """A number of users, now and before."""

    current: int
    previous: int
    change: int
    change_percent: Annotated[
        float | None, Field(description="To one decimal place. Absent if the previous number is 0.")
    ] = None

    @classmethod
    def of(cls, current: int, previous: int) -> Self:
        """The comparison of two numbers."""
        change = current - previous
        percent = round(100 * change / previous, 1) if previous else None
        return cls(current=current, previous=previous, change=change, change_percent=percent)


class Overview(FilteredAnswer):
    """The numbers for the current period, and for the previous one where they are known."""

    current: Span
    previous: Span
    total_users: Annotated[
        Figure, Field(description="At the end of the current period, and at its start.")
    ]
    new_users: Annotated[Figure, Field(description="Created in the period.")]
    new_verified_users: Annotated[
        Figure,
        Field(description="New users whose email or phone is verified now."),
    ]
    active_users: Annotated[
        int,
        Field(
            description="Users who signed in during the current period. There is no number for the "
            "previous period, because only the last sign-in of each user is stored."
        ),
    ]
    verified_users: Annotated[int, Field(description="Users whose email or phone is verified now.")]
    verified_percent: Annotated[
        float | None, Field(description="Their share, to one decimal place. Absent without users.")
    ] = None
    admins: Annotated[int, Field(description="Users who are platform admins now.")]


_VERIFIED = Or(
    (
        Comparison("emailVerified", Operator.EQ, True),
        Comparison("phoneVerified", Operator.EQ, True),
    )
)
_ADMIN = Comparison("isAdmin", Operator.EQ, True)


def count_overview(database: Database, condition: Condition, periods: Periods) -> Overview:
    """The numbers for the users that a condition selects."""
    previous, current = periods
    # Clocks differ. A user who was created by a clock that is ahead is also new.
    new = Comparison("createdAt", Operator.GE, current.start)
    new_before = And(
        (
            Comparison("createdAt", Operator.GE, previous.start),
            Comparison("createdAt", Operator.LT, previous.end),
        )
    )
    signed_in = Comparison("lastLoginAt", Operator.GE, current.start)
    counted = (new, new_before, And((new, _VERIFIED)), And((new_before, _VERIFIED)))
    by_status = count_each(database, condition, [*counted, signed_in, _VERIFIED, _ADMIN])
    total, created, created_before, verified_new, verified_before, active, verified, admins = (
        add_up(by_status.values())
    )
    return Overview(
        current=current,
        previous=previous,
        total_users=Figure.of(total, total - created),
        new_users=Figure.of(created, created_before),
        new_verified_users=Figure.of(verified_new, verified_before),
        active_users=active,
        verified_users=verified,
        verified_percent=round(100 * verified / total, 1) if total else None,
        admins=admins,
        skipped_filters=condition.skipped or None,
    )


def _compare_begun(period: Interval, now: datetime, zone: ZoneInfo) -> Periods:
    """The current period, and the same part of the previous one: all of it if that is shorter."""
    first = period.begin(to_local(now, zone).date())
    first_before = period.step(first, -1)
    start, before = begin_day(first, zone), begin_day(first_before, zone)
    begun = to_local(now, zone) - datetime.combine(first, time.min)
    end = min(to_moment(datetime.combine(first_before, time.min) + begun, zone), start)
    return Periods(Span(start=before, end=end), Span(start=start, end=now))
