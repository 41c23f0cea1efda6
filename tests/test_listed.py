"""Things that are listed by their names (G1, O1, R1, I4, I19)."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.groups import Group
from rollcall.kit.paging import ListRequest
from rollcall.listed import SORTED_BYTES, read_listed
from rollcall.roles import BUILT_IN_ROLES, Role
from tests.aws_edge import watched
from tests.world import World, open_world

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


def test_page_comes_with_the_number_of_all_of_its_kind(world: World) -> None:
    for number in range(5):
        world.add_group(f"Group {number}")
    world.add_organization("Acme")

    items, pagination = read_listed(world.call(), Group, ListRequest(limit=2, page=2))

    assert [item["name"] for item in items] == ["Group 2", "Group 3"]
    assert (pagination.total, pagination.total_pages) == (5, 3)
    _, roles = read_listed(world.call(), Role, ListRequest())
    assert roles.total == len(BUILT_IN_ROLES)


def test_total_is_read_and_not_counted(world: World) -> None:
    world.add_group("Readers")
    with watched(world.aws) as seen:
        read_listed(world.call(), Group, ListRequest())
    assert [call.operation for call in seen] == ["GetItem", "Query"]


@settings(max_examples=10)
@given(
    names=st.lists(st.text("abcAB", min_size=1, max_size=3), unique_by=str.casefold, max_size=7),
    limit=st.integers(1, 4),
)
def test_walk_by_cursors_sees_each_once_in_order(names: list[str], limit: int) -> None:
    with open_world() as world:
        for name in names:
            world.add_group(name)
        walked: list[str] = []
        cursor: str | None = None
        for _ in range(len(names) + 1):
            request = ListRequest(limit=limit, cursor=cursor)
            items, pagination = read_listed(world.call(), Group, request)
            walked += [item["name"] for item in items]
            cursor = pagination.next_cursor
            if cursor is None:
                break
        assert sorted(walked) == sorted(names)
        keys = [f"{name.casefold()}#" for name in walked]
        assert keys == sorted(keys)
