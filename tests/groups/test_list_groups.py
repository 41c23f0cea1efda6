"""GET /groups (G1, I19)."""

from __future__ import annotations

import pytest

from functions.groups.list_groups import list_groups
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, **query: str) -> Reply:
    return world.invoke(list_groups, query=query)


def test_groups_are_sorted_by_name_and_shown_with_their_permissions(world: World) -> None:
    for name, permissions in {
        "beta": (),
        "Alpha": (Permission.USER_VIEW,),
        "gamma": (Permission.USER_CREATE, Permission.USER_DELETE),
    }.items():
        world.add_group(name, *permissions)

    reply = list_them(world)

    assert reply.status == 200
    assert [(group["name"], group["permissions"]) for group in reply.body["items"]] == [
        ("Alpha", ["user.view"]),
        ("beta", []),
        ("gamma", ["user.create", "user.delete"]),
    ]
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 3, "totalPages": 1}


def test_pages_together_are_the_whole_list_without_duplicates(world: World) -> None:
    made = {world.add_group(f"Group {number}") for number in range(7)}

    pages = [list_them(world, page=str(number), limit="3").body for number in (1, 2, 3, 4)]

    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    listed = [group["id"] for page in pages for group in page["items"]]
    assert len(listed) == len(made)
    assert set(listed) == made
    assert pages[3]["pagination"] == {"page": 4, "limit": 3, "total": 7, "totalPages": 3}


def test_list_without_groups_is_an_empty_page(world: World) -> None:
    reply = list_them(world)
    assert reply.body["items"] == []
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 0, "totalPages": 0}


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"page": "0"}, ["page"]),
        ({"limit": "1001"}, ["limit"]),
        ({"page": "two", "limit": "-1"}, ["page", "limit"]),
        ({"sort": "name"}, ["sort"]),
    ],
)
def test_wrong_parameters_are_refused(
    world: World, query: dict[str, str], fields: list[str]
) -> None:
    reply = list_them(world, **query)
    assert (reply.status, sorted(reply.fields)) == (422, sorted(fields))
