"""GET /system/users/search (Y1)."""

from __future__ import annotations

import pytest

from functions.directory.list_users import list_users
from functions.system.search_users import search_users
from tests.world.gateway import Reply
from tests.world.world import World


def search(world: World, **query: str) -> Reply:
    return world.invoke(search_users, query=query)


@pytest.fixture
def listed(world: World) -> World:
    """A world whose directory has five users more than the admin."""
    for name in ("Ada", "Berta", "Clara", "Dora", "Ella"):
        world.add_user(f"{name.lower()}@example.com", name=name)
    world.build_directory()
    return world


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"search": "a@example", "sortBy": "name", "sortOrder": "desc"},
        {"filter": 'name sw "B" or isAdmin eq true', "limit": "1", "page": "2"},
        {"progress_min": "5"},
    ],
)
def test_service_finds_what_an_admin_finds(listed: World, query: dict[str, str]) -> None:
    found = search(listed, **query).body
    as_listed = listed.invoke(list_users, query=query).body
    for each in (found, as_listed):
        each["pagination"].pop("nextCursor", None)
    assert found == as_listed
    assert found["pagination"]["total"] > 0


def test_segment_is_accepted_as_a_filter(listed: World) -> None:
    segment = listed.add_segment("With B", 'name sw "B"')
    found = search(listed, segment=segment.id).body["items"]
    assert [user["name"] for user in found] == ["Berta"]


def test_cursor_continues_only_for_the_same_service(listed: World) -> None:
    first = search(listed, sortBy="email", limit="4").body
    cursor = first["pagination"]["nextCursor"]

    second = search(listed, sortBy="email", limit="4", cursor=cursor).body
    assert len({user["id"] for user in [*first["items"], *second["items"]]}) == 6
    stolen = listed.invoke(list_users, query={"sortBy": "email", "limit": "4", "cursor": cursor})
    assert stolen.status == 400


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"filter": "shoeSize gt 44"}, ["filter"]),
        ({"sortBy": "bio", "colour": "red"}, ["colour", "sortBy"]),
    ],
)
def test_each_invalid_parameter_has_its_error(
    listed: World, query: dict[str, str], fields: list[str]
) -> None:
    reply = search(listed, **query)
    assert (reply.status, sorted(reply.fields)) == (422, fields)
