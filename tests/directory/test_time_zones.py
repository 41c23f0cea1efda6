"""Time zones and what their clocks show."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.directory.time_zones import ZoneName, begin_day, to_local, to_moment

ZONE_NAMES: TypeAdapter[str] = TypeAdapter(ZoneName)


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", date(2026, 3, 29), "2026-03-29T00:00"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00"),
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-29T22:00"),
        ("Asia/Kathmandu", date(2026, 1, 1), "2025-12-31T18:15"),
        # The clocks went from midnight to one o'clock: the day began with its second hour.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00"),
        # Back from one o'clock to midnight, which they showed twice: the first one counts.
        ("America/Havana", date(2025, 11, 2), "2025-11-02T04:00"),
        # There was no such day: it ended as it began, at the date line.
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00"),
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00"),
    ],
)
def test_day_begins_when_the_clocks_there_first_show_it(zone: str, day: date, begins: str) -> None:
    assert begin_day(day, ZoneInfo(zone)) == datetime.fromisoformat(begins).replace(tzinfo=UTC)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001 (what clocks show)
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_what_the_clocks_show_is_found_again_unless_it_is_skipped(
    local: datetime, name: str
) -> None:
    zone = ZoneInfo(name)

    again = to_local(to_moment(local, zone), zone)

    assert again == local or timedelta() < again - local <= timedelta(hours=1)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Etc/GMT+5", "America/Port-au-Prince"])
def test_time_zones_have_their_iana_names(name: str) -> None:
    assert ZONE_NAMES.validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Europe", "Europe/Nowhere", "../etc/passwd", "/etc/localtime", "localtime", "posix/UTC"]
    + ["Europe/Berlin\0", "Europe/Berlin\n", "+02:00", "A" * 65, None],
)
def test_what_names_no_time_zone_is_refused(name: Any) -> None:
    with pytest.raises(ValidationError):
        ZONE_NAMES.validate_python(name)
