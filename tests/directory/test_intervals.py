"""Days, weeks and months of a calendar, in the time zone of a request."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.directory.intervals import CalendarRequest, Interval

DATES = st.dates(date(1970, 1, 1), date(2199, 12, 31))
INTERVALS = st.sampled_from(Interval)


@pytest.mark.parametrize(
    ("interval", "begins"),
    [
        (Interval.DAY, date(2026, 3, 15)),
        (Interval.WEEK, date(2026, 3, 9)),
        (Interval.MONTH, date(2026, 3, 1)),
        (Interval.QUARTER, date(2026, 1, 1)),
        (Interval.YEAR, date(2026, 1, 1)),
    ],
)
def test_interval_begins_on_its_first_day(interval: Interval, begins: date) -> None:
    assert interval.begin(date(2026, 3, 15)) == begins  # a Sunday


def test_week_begins_on_a_monday_across_the_turn_of_the_year() -> None:
    assert Interval.WEEK.begin(date(2027, 1, 1)) == date(2026, 12, 28)
    assert date(2026, 12, 28).isocalendar()[1:] == (53, 1)


def test_steps_go_over_the_turn_of_the_year_both_ways() -> None:
    assert Interval.MONTH.step(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert Interval.MONTH.step(date(2026, 1, 1), 13) == date(2027, 2, 1)
    assert Interval.QUARTER.step(date(2026, 10, 1), 1) == date(2027, 1, 1)
    assert Interval.YEAR.step(date(2026, 1, 1), -2) == date(2024, 1, 1)


@given(INTERVALS, DATES, st.integers(-30, 30))
def test_intervals_follow_each_other_without_gaps(
    interval: Interval, day: date, number: int
) -> None:
    first = interval.begin(day)
    following = interval.step(first, 1)

    assert first <= day < following
    assert interval.begin(following - timedelta(days=1)) == first
    assert interval.begin(following) == following
    assert interval.step(interval.step(first, number), -number) == first


def test_days_start_in_the_time_zone_of_the_request() -> None:
    assert CalendarRequest().zone == ZoneInfo("UTC")
    assert CalendarRequest(calendar_time_zone="Asia/Kathmandu").zone == ZoneInfo("Asia/Kathmandu")
