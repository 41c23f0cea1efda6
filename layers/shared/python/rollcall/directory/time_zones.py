"""Time zones by their IANA names, and conversion of times.

A day starts when local clocks first show midnight. If they skip midnight, it starts when they are
set forward.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from rollcall.kit.error_messages import TextPattern

_NO_ZONE = "Use the IANA name of a time zone, such as Europe/Berlin."


@lru_cache(maxsize=64)
def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise ValueError(_NO_ZONE) from None
    return name


ZoneName = Annotated[
    str,
    # Names of zones start in upper case. Other files in the same folders depend on the machine.
    Field(max_length=64),
    TextPattern(r"^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", _NO_ZONE),
    AfterValidator(_check_zone),
]


def to_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone first show a time, or are set forward past it."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def begin_day(day: date, zone: ZoneInfo) -> datetime:
    """When a day starts."""
    return to_moment(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 (to_moment adds the zone)


def to_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The local time of a zone at a time, without its offset."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
