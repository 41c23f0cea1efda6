"""Cron expressions of EventBridge Scheduler, to check them before a deployment and to run jobs
where there is no EventBridge (EventBridge Scheduler user guide, schedule types).
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple

from pydantic import AfterValidator

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_EXPRESSION = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)
SEARCHED = timedelta(days=8 * 366)
"""The longest time between two leap days (1896 to 1904, 2096 to 2104)."""


class _Field(NamedTuple):
    """One of the six fields: its name, the range of its numbers, and names for the numbers."""

    name: str
    least: int
    greatest: int
    names: tuple[str, ...] = ()

    def read(self, text: str) -> frozenset[int]:
        """The numbers that the text of the field selects. Raises ValueError."""
        return frozenset(each for part in text.split(",") for each in self._read_part(part))

    def _read_part(self, part: str) -> range:
        match = _PART.fullmatch(part)
        if not match:
            raise self._wrong(part)
        first = self._number(match["first"]) if match["first"] else self.least
        # "5/15" means from 5 to the end of the range; "5" means 5 only.
        last = first if match["first"] and not match["step"] else self.greatest
        last = self._number(match["last"]) if match["last"] else last
        step = int(match["step"] or 1)
        if not step or last < first:
            raise self._wrong(part)
        return range(first, last + 1, step)

    def _number(self, word: str) -> int:
        if word.upper() in self.names:
            return self.names.index(word.upper()) + self.least
        if not word.isdigit() or not self.least <= int(word) <= self.greatest:
            raise self._wrong(word)
        return int(word)

    def _wrong(self, part: str) -> ValueError:
        return ValueError(
            f"{part} is not valid in the {self.name} field of a cron expression. Use numbers from "
            f"{self.least} to {self.greatest}, *, lists, ranges and steps."
        )


_FIELDS = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 1, 7, _WEEKDAYS),
    _Field("year", 1970, 2199),
)
_ANY_DAY = "?"


class Cron(NamedTuple):
    """A schedule in UTC: each minute whose parts are all in these sets."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """Sunday is 1."""
    years: frozenset[int]

    @classmethod
    def of(cls, expression: str) -> Cron:
        """Parse ``cron(minutes hours day-of-month month day-of-week year)``.

        Raises ValueError, also for L, W and #, which only EventBridge supports.
        """
        match = _EXPRESSION.fullmatch(expression)
        if not match:
            raise ValueError(
                "Write a schedule as cron(0 3 * * ? *): minutes, hours, day of month, month, day "
                "of week and year, in UTC."
            )
        texts = list(match.groups())
        if (texts[2] == _ANY_DAY) == (texts[4] == _ANY_DAY):
            raise ValueError(
                "Use ? for either the day of month or the day of week, as in cron(0 3 * * ? *) or "
                "cron(0 3 ? * MON *)."
            )
        texts = ["*" if text == _ANY_DAY and n in {2, 4} else text for n, text in enumerate(texts)]
        return cls(*(field.read(text) for field, text in zip(_FIELDS, texts, strict=True)))

    def next_after(self, moment: datetime) -> datetime | None:
        """The first run after a time in UTC; None if there is none within SEARCHED."""
        begun = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day, end = begun.date(), begun.date() + SEARCHED
        while day <= end:
            if self._is_on(day):
                times = (
                    begun.replace(year=day.year, month=day.month, day=day.day, hour=h, minute=m)
                    for h in sorted(self.hours)
                    for m in sorted(self.minutes)
                )
                if found := next((each for each in times if each >= begun), None):
                    return found
            day += timedelta(days=1)
        return None

    def _is_on(self, day: date) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return (
            day.year in self.years
            and day.month in self.months
            and day.day in self.days
            and weekday in self.weekdays
        )


def _check(expression: str) -> str:
    Cron.of(expression)
    return expression


CronExpression = Annotated[str, AfterValidator(_check)]
