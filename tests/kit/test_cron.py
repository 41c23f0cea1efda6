"""Cron expressions of EventBridge Scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.cron import Cron

NOW = datetime(2026, 1, 5, 9, 30, 12, tzinfo=UTC)
"""A Monday."""


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("cron(0 3 * * ? *)", "2026-01-06T03:00"),
        ("cron(30 9 * * ? *)", "2026-01-06T09:30"),
        ("cron(31 9 * * ? *)", "2026-01-05T09:31"),
        ("cron(0/15 * * * ? *)", "2026-01-05T09:45"),
        ("cron(5/20 10-12/2 * * ? *)", "2026-01-05T10:05"),
        ("cron(0 3 ? * MON *)", "2026-01-12T03:00"),
        ("cron(0 3 ? * 2-6 *)", "2026-01-06T03:00"),
        ("cron(0 3 ? * sun,WED *)", "2026-01-07T03:00"),
        ("cron(0 3 31 * ? *)", "2026-01-31T03:00"),
        ("cron(0 0 29 FEB ? *)", "2028-02-29T00:00"),
        ("cron(0 0 1 1 ? 2030)", "2030-01-01T00:00"),
    ],
)
def test_next_run_is_the_first_time_that_matches_all_fields(
    expression: str, following: str
) -> None:
    found = Cron.of(expression).next_after(NOW)
    assert found is not None
    assert f"{found:%Y-%m-%dT%H:%M}" == following


@pytest.mark.parametrize("expression", ["cron(0 3 1 1 ? 2025)", "cron(0 3 31 FEB ? *)"])
def test_schedule_without_a_further_run_has_no_next_run(expression: str) -> None:
    assert Cron.of(expression).next_after(NOW) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 3 * * ? *", "Write a schedule as cron"),
        ("cron(0 3 * * ?)", "Write a schedule as cron"),
        ("rate(1 day)", "Write a schedule as cron"),
        ("cron(0 3 * * * *)", "either the day"),
        ("cron(0 3 ? * ? *)", "either the day"),
        ("cron(60 3 * * ? *)", "60 is not valid in the minutes"),
        ("cron(0 24 * * ? *)", "24 is not valid in the hours"),
        ("cron(0 3 L * ? *)", "L is not valid in the day of month"),
        ("cron(0 3 ? * MON#2 *)", "MON#2 is not valid in the day of week"),
        ("cron(0 5-3 * * ? *)", "5-3 is not valid"),
        ("cron(0/0 3 * * ? *)", "0/0 is not valid"),
        ("cron(0 3 * JANUARY ? *)", "JANUARY is not valid in the month"),
    ],
)
def test_unsupported_expression_is_refused(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Cron.of(expression)


@given(minute=st.integers(0, 59), hour=st.integers(0, 23), seconds=st.integers(0, 5 * 10**9))
def test_daily_time_comes_within_a_day_and_is_later(minute: int, hour: int, seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    found = Cron.of(f"cron({minute} {hour} * * ? *)").next_after(moment)
    assert found is not None
    assert timedelta(0) < found - moment <= timedelta(days=1)
    assert (found.minute, found.hour, found.second) == (minute, hour, 0)
