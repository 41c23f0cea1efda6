"""Ids (I16)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.ids import derive_id, is_id, last_id, new_id

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone itself)
    max_value=datetime(9999, 12, 31),  # noqa: DTZ001 (as above)
    timezones=st.just(UTC),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]))


def milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(earlier=MOMENTS, later=MOMENTS)
def test_ids_sort_by_time(earlier: datetime, later: datetime) -> None:
    one, other = new_id("usr", earlier), new_id("usr", later)
    if milliseconds(earlier) != milliseconds(later):
        assert (one < other) == (earlier < later)
    else:
        assert one != other


@given(made=MOMENTS, moment=MOMENTS)
def test_last_id_of_a_time_separates_earlier_ids_from_later_ones(
    made: datetime, moment: datetime
) -> None:
    by_then = new_id("jrn", made) <= last_id("jrn", moment)
    assert by_then == (milliseconds(made) <= milliseconds(moment))


def test_last_id_separates_neighbouring_milliseconds() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    moments = [start + timedelta(milliseconds=number) for number in range(1000)]
    for moment, following in pairwise(moments):
        last = last_id("jrn", moment)
        assert new_id("jrn", moment) <= last < new_id("jrn", following)


@given(moment=MOMENTS, prefix=st.sampled_from(["usr", "grp", "jrn"]))
def test_id_has_one_format(moment: datetime, prefix: str) -> None:
    assert re.fullmatch(rf"{prefix}_[0-9a-hjkmnp-tv-z]{{26}}", new_id(prefix, moment))


def test_ids_of_neighbouring_milliseconds_sort_too() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    ids = [new_id("usr", start + timedelta(milliseconds=number)) for number in range(1000)]
    assert ids == sorted(ids)


def test_ids_of_the_same_millisecond_differ() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    assert len({new_id("usr", now) for _ in range(10_000)}) == 10_000


@given(
    name=st.text(st.characters(exclude_categories=["Cs"])),
    other=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_derived_id_has_the_common_format_and_is_unique_to_its_name(name: str, other: str) -> None:
    derived = derive_id("inv", name)
    assert is_id("inv", derived)
    assert not is_id("reg", derived)
    assert (derived == derive_id("inv", other)) is (name == other)
