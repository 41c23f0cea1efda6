"""The time: that of the machine, or one that passes faster, for whoever wants to watch in minutes
what otherwise takes months.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from rollcall.kit.settings import Settings

LEAP = timedelta(seconds=2)
"""In whole seconds, so that a sign-in, of which no more than the second is known, counts from the
leap before it on."""


def read_clock() -> datetime:
    """The present moment, in UTC and whole milliseconds, as it is stored."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def make_clock(settings: Settings) -> Callable[[], datetime]:
    """The clock of a process that has these settings."""
    if settings.time_scale == 1:
        return read_clock
    return lambda: scale_time(read_clock(), settings)


def scale_time(real: datetime, settings: Settings) -> datetime:
    """What the clock shows at a moment.

    It leaps every other second, counted from the origin, and in between goes as fast as any: a call
    that counts seconds would otherwise never come to its end.
    """
    passed = real - datetime.fromtimestamp(settings.time_origin, UTC)
    return real + passed // LEAP * LEAP * (settings.time_scale - 1)
