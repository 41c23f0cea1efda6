"""The time of a world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that tests move."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now

    def advance(self, **units: float) -> None:
        """Let time pass, as ``advance(days=3)``."""
        self.now += timedelta(**units)
