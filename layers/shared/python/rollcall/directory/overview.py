"""The present period against the one before (A4)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.expressions import And, Comparison, Operator, Or
from rollcall.directory.intervals import CalendarRequest, Interval
from rollcall.directory.selections import OfSelection
from rollcall.directory.tallies import add_up, count_each
from rollcall.directory.time_zones import begin_day, to_local, to_moment
from rollcall.kit.model import Model, Time

DAYS = 30
"""Unless a period is named."""


class Span(Model):
    """A time: from its start, and not any more at its end."""

    start: Time
    end: Time


class Periods(NamedTuple):
    """What is compared with what."""

    previous: Span
    current: Span
    """Up to the present moment."""


class OverviewRequest(CalendarRequest):
    """Of which users, and how long the period is."""

    period: Annotated[
        Interval | None,
        Field(
            description="The present day, week, month, quarter or year so far, against as much "
            "of the one before."
        ),
    ] = None
    days: Annotated[
        int | None,
        Field(
            ge=1,
            le=3650,
            description="The last so many days up to now, against as many before them. "
            f"Without period and days, {DAYS}.",
        ),
    ] = None

    @field_validator("days")
    @classmethod
    def _check_one(cls, days: int | None, info: ValidationInfo) -> int | None:
        if days and info.data.get("period"):
            raise ValueError("Give period or days, not both.")
        return days

    def periods(self, now: datetime) -> Periods:
        """What to compare, as the clocks of the time zone show it."""
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
        float | None, Field(description="To one decimal. Absent when there were none before.")
    ] = None

    @classmethod
    def of(cls, current: int, previous: int) -> Self:
        """Two numbers compared."""
        change = current - previous
        percent = round(100 * change / previous, 1) if previous else None
        return cls(current=current, previous=previous, change=change, change_percent=percent)


class Overview(OfSelection):
    """The figures of the present period, and of the one before where they can be known."""

    current: Span
    previous: Span
    total_users: Annotated[
        Figure, Field(description="At the end of the present period, and at its start.")
    ]
    new_users: Annotated[Figure, Field(description="Created in the period.")]
    new_verified_users: Annotated[
        Figure,
        Field(description="Of these, who have a verified email or phone today."),
    ]
    active_users: Annotated[
        int,
        Field(
            description="Signed in within the present period. Of the one before it cannot be "
            "known, because of each user only the last sign-in is."
        ),
    ]
    verified_users: Annotated[
        int, Field(description="With a verified email or phone today; since when is not known.")
    ]
    verified_percent: Annotated[
        float | None, Field(description="Their share, to one decimal. Absent without users.")
    ] = None
    admins: Annotated[int, Field(description="Platform admins today; since when is not known.")]


_VERIFIED = Or(
    (
        Comparison("emailVerified", Operator.EQ, True),
        Comparison("phoneVerified", Operator.EQ, True),
    )
)
_ADMIN = Comparison("isAdmin", Operator.EQ, True)


def count_overview(database: Database, condition: Condition, periods: Periods) -> Overview:
    """The figures of the users whom a condition selects."""
    previous, current = periods
    # Clocks differ: whoever was created by one that is ahead is new, too.
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
    """The period that has begun, and as much of the one before: all, where that is shorter."""
    first = period.begin(to_local(now, zone).date())
    first_before = period.step(first, -1)
    start, before = begin_day(first, zone), begin_day(first_before, zone)
    begun = to_local(now, zone) - datetime.combine(first, time.min)
    end = min(to_moment(datetime.combine(first_before, time.min) + begun, zone), start)
    return Periods(Span(start=before, end=end), Span(start=start, end=now))
