"""Growth, against the dates that the clocks of a place have shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.growth import (
    INTERVALS_AT_MOST,
    GrowthEntry,
    GrowthRequest,
    count_growth,
)
from rollcall.directory.intervals import Interval
from rollcall.kit.errors import Invalid
from tests.directory.population import NOW, make_row, open_database

ALL = Condition("TRUE")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]
CHANGES = [
    *(datetime(2011, 12, day, tzinfo=UTC) for day in (29, 30, 31)),
    *(datetime(2018, month, day, tzinfo=UTC) for month, day in ((2, 18), (11, 4))),
    *(
        datetime(2025, month, day, tzinfo=UTC)
        for month, day in ((3, 9), (3, 30), (10, 26), (11, 2))
    ),
]
"""Days about which clocks have been changed in these zones."""


def make_moments() -> list[datetime]:
    """Times close to clock changes, many of them at the start or end of a local day."""
    chance = Random(11)  # noqa: S311 (test data)
    spread = [
        change + timedelta(minutes=15 * chance.randrange(-200, 200))
        for change in CHANGES
        for _ in range(100)
    ]
    return [each - timedelta(milliseconds=chance.randrange(2)) for each in spread]


MOMENTS = make_moments()


@pytest.fixture(scope="module")
def database() -> Database:
    return open_database(
        make_row(f"usr_{number}", created_at=moment) for number, moment in enumerate(MOMENTS)
    )


def grow(database: Database, **asked: Any) -> tuple[GrowthEntry, ...]:
    """The answer to a request."""
    request = GrowthRequest(**asked)
    return count_growth(database, ALL, request.starts(NOW), request.zone)


@given(
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from(Interval),
    change=st.sampled_from(CHANGES),
    before=st.integers(0, 40),
    length=st.integers(0, 60),
)
def test_users_count_in_the_interval_of_the_date_on_the_clocks_there(
    database: Database, *, zone: str, interval: Interval, change: datetime, before: int, length: int
) -> None:
    first = change.date() - timedelta(days=before)
    last = first + timedelta(days=length)

    entries = grow(
        database, interval=interval, from_day=first, to_day=last, calendar_time_zone=zone
    )

    dates = [moment.astimezone(ZoneInfo(zone)).date() for moment in MOMENTS]
    assert entries[0].start == interval.begin(first)
    assert entries[-1].start == interval.begin(last)
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        end = interval.step(entry.start, 1)
        assert following is None or following.start == end
        assert entry.new_users == sum(entry.start <= each < end for each in dates)
        assert entry.total == sum(each < end for each in dates)


def test_days_on_which_the_clocks_change_are_shorter_and_longer() -> None:
    hours = [datetime(2025, 3, 29, 12, tzinfo=UTC) + timedelta(hours=each) for each in range(48)]
    hours += [datetime(2025, 10, 25, 12, tzinfo=UTC) + timedelta(hours=each) for each in range(48)]
    database = open_database(make_row(f"usr_{n}", created_at=each) for n, each in enumerate(hours))

    def on(day: date) -> int:
        (entry,) = grow(database, from_day=day, to_day=day, calendar_time_zone="Europe/Berlin")
        return entry.new_users

    assert (on(date(2025, 3, 30)), on(date(2025, 10, 26))) == (23, 25)


def test_intervals_without_users_are_answered_too() -> None:
    database = open_database([make_row("usr_1", created_at=NOW - timedelta(days=2))])

    entries = grow(database, from_day=date(2026, 3, 12), to_day=date(2026, 3, 15))

    assert [(e.start.day, e.new_users, e.total) for e in entries] == [
        (12, 0, 0),
        (13, 1, 1),
        (14, 0, 1),
        (15, 0, 1),
    ]


def test_without_dates_the_last_thirty_intervals_are_meant() -> None:
    starts = GrowthRequest(interval=Interval.WEEK).starts(NOW)

    assert starts[-2:] == [date(2026, 3, 9), date(2026, 3, 16)]
    assert len(starts) == 31


def test_today_is_the_day_in_the_time_zone() -> None:
    starts = GrowthRequest(calendar_time_zone="Pacific/Kiritimati").starts(NOW)

    assert starts[-2] == date(2026, 3, 16)


def test_as_many_intervals_as_allowed_are_answered_and_not_one_more() -> None:
    last = date(2026, 3, 15)
    first = last - timedelta(days=INTERVALS_AT_MOST - 1)

    assert len(GrowthRequest(from_day=first, to_day=last).starts(NOW)) == INTERVALS_AT_MOST + 1
    with pytest.raises(Invalid) as refused:
        GrowthRequest(from_day=first - timedelta(days=1), to_day=last).starts(NOW)
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("from", "too_many_intervals")
    ]


def test_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        GrowthRequest(from_day=date(2026, 3, 2), to_day=date(2026, 3, 1)).starts(NOW)
    assert [(each.field, each.code) for each in refused.value.errors] == [("to", "wrong_order")]


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2200, 1, 1), date.max])
def test_days_out_of_the_calendar_are_refused(day: date) -> None:
    with pytest.raises(ValidationError):
        GrowthRequest(to_day=day)


def test_first_and_last_supported_day_are_answered(database: Database) -> None:
    assert grow(database, interval=Interval.YEAR, to_day=date(2199, 12, 31))[-1].total == len(
        MOMENTS
    )
    assert grow(database, interval=Interval.YEAR, to_day=date(1970, 1, 1))[0].total == 0
