"""The clock of a world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The current time."""
        return self.now

    def advance(self, **units: float) -> None:
        """Advance the time, for example ``advance(days=3)``."""
        self.now += timedelta(**units)
