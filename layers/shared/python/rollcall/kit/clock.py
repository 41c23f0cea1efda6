"""The clock: the machine's time, or an accelerated time in which months pass in minutes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rollcall.kit.settings import Settings

LEAP = timedelta(seconds=2)
"""Whole seconds, because sign-in times have a resolution of one second: each is at or after the
last leap."""


def read_clock() -> datetime:
    """The current time in UTC, in whole milliseconds, as it is stored."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def make_clock(settings: Settings) -> Callable[[], datetime]:
    """The clock for these settings."""
    if settings.time_scale == 1:
        return read_clock
    return lambda: scale_time(read_clock(), settings)


def scale_time(real: datetime, settings: Settings) -> datetime:
    """The accelerated time at a real time.

    It leaps every two seconds, counted from the origin, and runs at normal speed in between.
    Otherwise a call that counts seconds would time out.
    """
    passed = real - datetime.fromtimestamp(settings.time_origin, UTC)
    return real + passed // LEAP * LEAP * (settings.time_scale - 1)
