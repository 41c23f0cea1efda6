"""The present period against the one before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.intervals import Interval
from rollcall.directory.overview import Figure, Overview, OverviewRequest, Periods, count_overview
from tests.directory.population import NOW, make_row, open_database

ALL = Condition("TRUE")


def shown(periods: Periods) -> list[str]:
    """The four ends, in UTC."""
    ends = [end for span in periods for end in (span.start, span.end)]
    return [each.strftime("%Y-%m-%d %H:%M") for each in ends]


def compare(now: str, **asked: Any) -> list[str]:
    """Which times a request compares."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    return shown(OverviewRequest(**asked).periods(moment))


def overview(database: Database, **asked: Any) -> Overview:
    return count_overview(database, ALL, OverviewRequest(**asked).periods(NOW))


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("day", ("2026-03-14 00:00", "2026-03-14 12:00", "2026-03-15 00:00")),
        ("week", ("2026-03-02 00:00", "2026-03-08 12:00", "2026-03-09 00:00")),
        ("month", ("2026-02-01 00:00", "2026-02-15 12:00", "2026-03-01 00:00")),
        ("quarter", ("2025-10-01 00:00", "2025-12-13 12:00", "2026-01-01 00:00")),
        ("year", ("2025-01-01 00:00", "2025-03-15 12:00", "2026-01-01 00:00")),
    ],
)
def test_period_so_far_is_compared_with_as_much_of_the_one_before(
    period: str, before: tuple[str, str, str]
) -> None:
    assert compare("2026-03-15T12:00", period=period) == [*before, "2026-03-15 12:00"]


def test_shorter_period_is_compared_completely() -> None:
    assert compare("2026-03-30T12:00", period="month") == [
        "2026-02-01 00:00",
        "2026-03-01 00:00",
        "2026-03-01 00:00",
        "2026-03-30 12:00",
    ]


def test_so_many_days_are_compared_with_as_many_before_them() -> None:
    assert compare("2026-03-15T12:00", days=7) == [
        "2026-03-01 12:00",
        "2026-03-08 12:00",
        "2026-03-08 12:00",
        "2026-03-15 12:00",
    ]
    assert compare("2026-03-15T12:00") == compare("2026-03-15T12:00", days=30)


def test_clocks_that_have_been_changed_show_the_same_time_of_day() -> None:
    zone = "Europe/Berlin"

    # At ten in the morning; summer time has begun on the 29th.
    assert compare("2026-03-29T08:00", period="day", calendar_time_zone=zone) == [
        "2026-03-27 23:00",
        "2026-03-28 09:00",
        "2026-03-28 23:00",
        "2026-03-29 08:00",
    ]
    assert compare("2026-03-30T08:00", days=1, calendar_time_zone=zone) == [
        "2026-03-28 09:00",
        "2026-03-29 08:00",
        "2026-03-29 08:00",
        "2026-03-30 08:00",
    ]


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds the time zone)
    st.sampled_from([None, *Interval]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia"]),
)
def test_periods_end_before_the_next_begins(
    now: datetime, period: Interval | None, zone: str
) -> None:
    previous, current = OverviewRequest(period=period, calendar_time_zone=zone).periods(now)

    assert previous.start <= previous.end <= current.start <= current.end == now
    assert previous.start < current.start


def test_figures_count_exactly_the_users_of_each_period() -> None:
    start, before = NOW - timedelta(days=7), NOW - timedelta(days=14)
    tick = timedelta(milliseconds=1)
    created = [before - tick, before, start - tick, start, NOW, NOW]
    verified = [True, False, True, False, True, True]
    signed_in = [None, start - tick, start, NOW, None, None]
    database = open_database(
        make_row(
            f"usr_{number}",
            created_at=created[number],
            email_verified=verified[number] and number % 2 == 0,
            phone_verified=verified[number] and number % 2 == 1,
            last_login_at=signed_in[number],
            is_admin=number == 2,
        )
        for number in range(6)
    )

    found = overview(database, days=7)

    assert found.total_users == Figure(current=6, previous=3, change=3, change_percent=100.0)
    assert found.new_users == Figure(current=3, previous=2, change=1, change_percent=50.0)
    assert found.new_verified_users == Figure(current=2, previous=1, change=1, change_percent=100.0)
    assert (found.active_users, found.admins) == (2, 1)
    assert (found.verified_users, found.verified_percent) == (4, 66.7)


def test_user_who_was_created_by_a_clock_that_is_ahead_is_new() -> None:
    database = open_database([make_row("usr_1", created_at=NOW + timedelta(seconds=3))])

    assert overview(database, period="day").new_users.current == 1


def test_change_from_zero_has_no_percentage() -> None:
    nobody = Database()
    nobody.build([])
    found = overview(nobody)

    assert Figure.of(5, 0) == Figure(current=5, previous=0, change=5)
    assert Figure.of(1, 3) == Figure(current=1, previous=3, change=-2, change_percent=-66.7)
    assert (found.total_users, found.verified_percent) == (Figure.of(0, 0), None)


@pytest.mark.parametrize(
    "asked", [{"period": "day", "days": 1}, {"days": 0}, {"days": 3651}, {"period": "hour"}]
)
def test_invalid_period_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OverviewRequest(**asked)


def test_longest_period_is_answered() -> None:
    assert OverviewRequest(days=3650).periods(NOW).previous.start.year == 2006
