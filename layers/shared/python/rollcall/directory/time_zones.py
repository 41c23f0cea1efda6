"""Time zones by their IANA names, and what their clocks show.

A day begins when the clocks there first show its midnight or, where that is skipped, when they are
set forward over it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from rollcall.kit.sentences import Form

_NO_ZONE = "Give the IANA name of a time zone, as Europe/Berlin."


@lru_cache(maxsize=64)
def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        raise ValueError(_NO_ZONE) from None
    return name


ZoneName = Annotated[
    str,
    # In upper case begin the zones themselves; what else lies beside them depends on the machine.
    Field(max_length=64),
    Form(r"^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", _NO_ZONE),
    AfterValidator(_check_zone),
]


def to_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of a zone first show a time, or are set forward over it."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def begin_day(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return to_moment(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 (to_moment says where)


def to_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of a zone show at a moment, and no more."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
