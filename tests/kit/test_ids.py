"""Identifiers (I16)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.ids import new_id

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone itself)
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001 (as above)
    timezones=st.just(UTC),
)


@given(earlier=MOMENTS, later=MOMENTS)
def test_ids_sort_by_time(earlier: datetime, later: datetime) -> None:
    one, other = new_id("usr", earlier), new_id("usr", later)
    if int(earlier.timestamp() * 1000) != int(later.timestamp() * 1000):
        assert (one < other) == (earlier < later)
    else:
        assert one != other


@given(moment=MOMENTS, prefix=st.sampled_from(["usr", "grp", "jrn"]))
def test_id_has_one_form(moment: datetime, prefix: str) -> None:
    assert re.fullmatch(rf"{prefix}_[0-9a-hjkmnp-tv-z]{{26}}", new_id(prefix, moment))


def test_ids_of_neighbouring_milliseconds_sort_too() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    ids = [new_id("usr", start + timedelta(milliseconds=number)) for number in range(1000)]
    assert ids == sorted(ids)


def test_ids_of_one_moment_differ() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    assert len({new_id("usr", now) for _ in range(10_000)}) == 10_000
