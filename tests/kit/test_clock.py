"""The clock, at normal speed and accelerated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollcall.kit.clock import LEAP, make_clock, read_clock, scale_time
from rollcall.kit.settings import Settings

ORIGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def scaled(scale: int, passed: timedelta) -> timedelta:
    """The time that has passed on the accelerated clock."""
    settings = Settings(
        table_name="people",
        user_pool_id="pool",
        time_scale=scale,
        time_origin=int(ORIGIN.timestamp()),
    )
    return scale_time(ORIGIN + passed, settings) - ORIGIN


def test_clock_returns_utc_in_whole_milliseconds() -> None:
    now = read_clock()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


def test_clock_is_real_time_by_default() -> None:
    assert make_clock(Settings(table_name="people", user_pool_id="pool")) is read_clock
    assert scaled(1, timedelta(days=3, seconds=5)) == timedelta(days=3, seconds=5)


def test_accelerated_clock_leaps_and_runs_normally_in_between() -> None:
    within = timedelta(milliseconds=700)
    assert scaled(10_000, timedelta(0)) == timedelta(0)
    assert scaled(10_000, within) == within
    assert scaled(10_000, LEAP) == 10_000 * LEAP
    assert scaled(10_000, 3 * LEAP + within) == 30_000 * LEAP + within


def test_sign_in_time_in_whole_seconds_is_not_before_its_leap() -> None:
    moment = timedelta(seconds=61, milliseconds=999)
    assert scaled(10_000, moment) - scaled(10_000, timedelta(seconds=61)) < timedelta(seconds=1)
