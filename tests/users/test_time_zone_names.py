"""The names of time zones are those of the tz database."""

from __future__ import annotations

from importlib.resources import files

from rollcall.users.time_zone_names import TIME_ZONES


def test_names_are_those_of_the_locked_tzdata() -> None:
    known = set((files("tzdata") / "zones").read_text().split())
    assert known == TIME_ZONES, (
        f"Update time_zone_names.py: add {sorted(known - TIME_ZONES)}, remove "
        f"{sorted(TIME_ZONES - known)}."
    )
