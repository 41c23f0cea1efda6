"""Pages of entities that are listed by name (G1, O1, R1, I19)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.grants.built_in_roles import BUILT_IN_ROLES
from rollcall.grants.group import Group
from rollcall.grants.role import Role
from rollcall.kit.listed_pages import read_listed_page
from rollcall.kit.paging import ListRequest
from tests.world.aws_edge import watched
from tests.world.opening import open_world
from tests.world.world import World


def test_page_has_the_total_of_its_kind(world: World) -> None:
    for number in range(5):
        world.add_group(f"Group {number}")
    world.add_organization("Acme")

    items, pagination = read_listed_page(world.call(), Group, ListRequest(limit=2, page=2))

    assert [item["name"] for item in items] == ["Group 2", "Group 3"]
    assert (pagination.total, pagination.total_pages) == (5, 3)
    _, roles = read_listed_page(world.call(), Role, ListRequest())
    assert roles.total == len(BUILT_IN_ROLES)


def test_total_is_read_and_not_counted(world: World) -> None:
    world.add_group("Readers")
    with watched(world.aws) as seen:
        read_listed_page(world.call(), Group, ListRequest())
    assert [call.operation for call in seen] == ["GetItem", "Query"]


@settings(max_examples=10)
@given(
    names=st.lists(st.text("abcAB", min_size=1, max_size=3), unique_by=str.casefold, max_size=7),
    limit=st.integers(1, 4),
)
def test_pagination_by_cursor_returns_each_entity_once_in_order(
    names: list[str], limit: int
) -> None:
    with open_world() as world:
        for name in names:
            world.add_group(name)
        walked: list[str] = []
        cursor: str | None = None
        for _ in range(len(names) + 1):
            request = ListRequest(limit=limit, cursor=cursor)
            items, pagination = read_listed_page(world.call(), Group, request)
            walked += [item["name"] for item in items]
            cursor = pagination.next_cursor
            if cursor is None:
                break
        assert sorted(walked) == sorted(names)
        keys = [f"{name.casefold()}#" for name in walked]
        assert keys == sorted(keys)
