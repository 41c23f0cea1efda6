"""Things that are listed by their names (G1, O1, R1, I4)."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from rollcall.grants.group import Group
from rollcall.kit.listed import SORTED_BYTES

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SORT_KEY_BYTES = 1024
"""DynamoDB's limit (service quotas)."""
ID = "grp_01ke6p4ym0eyyqj98m9bhjv4nw"
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


def make_group(name: str, group_id: str = ID) -> Group:
    return Group(id=group_id, created_at=NOW, updated_at=NOW, name=name)


@given(name=NAMES)
def test_any_name_fits_into_the_key_that_it_is_listed_by(name: str) -> None:
    found = make_group(name).index()
    assert found["gsi1pk"] == "GROUPS"
    assert found["gsi1sk"].endswith(f"#{ID}")
    assert len(found["gsi1sk"].encode()) <= SORT_KEY_BYTES
    folded = name.casefold().encode()
    listed_by = found["gsi1sk"].removesuffix(f"#{ID}").encode()
    assert folded.startswith(listed_by)
    assert len(listed_by) > min(len(folded), SORTED_BYTES) - 4, "a letter has four bytes at most"


def test_order_is_that_of_the_names_whatever_their_case() -> None:
    keys = [make_group(name).index()["gsi1sk"] for name in ("beta", "Alpha", "GAMMA")]
    assert sorted(keys) == [f"alpha#{ID}", f"beta#{ID}", f"gamma#{ID}"]


def test_what_was_deleted_is_not_listed_and_not_counted() -> None:
    group = make_group("Readers")
    assert group.counts() == {Group.total(): 1}
    erased = group.as_erased()
    assert (erased.index(), erased.counts()) == ({}, {})
