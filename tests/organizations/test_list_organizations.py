"""GET /admin/organizations (O1, I19)."""

from __future__ import annotations

import pytest

from functions.organizations.delete_organization import delete_organization
from functions.organizations.list_organizations import list_organizations
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, **query: str) -> Reply:
    return world.invoke(list_organizations, query=query)


def test_organizations_are_sorted_by_name_with_their_number_of_members(world: World) -> None:
    ids = {name: world.add_organization(name) for name in ("beta", "Alpha", "gamma")}
    world.join_organization(world.add_user().id, ids["beta"])

    reply = list_them(world)

    assert reply.status == 200
    assert [(each["name"], each["slug"], each["memberCount"]) for each in reply.body["items"]] == [
        ("Alpha", "alpha", 0),
        ("beta", "beta", 1),
        ("gamma", "gamma", 0),
    ]
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 3, "totalPages": 1}


def test_pagination_by_cursor_and_by_page_lists_each_once(world: World) -> None:
    made = {world.add_organization(f"Organization {number}") for number in range(7)}

    pages = [list_them(world, page=str(number), limit="3").body for number in (1, 2, 3, 4)]
    walked = [list_them(world, limit="3").body]
    while cursor := walked[-1]["pagination"].get("nextCursor"):
        walked.append(list_them(world, limit="3", cursor=cursor).body)

    assert [page["items"] for page in walked] == [page["items"] for page in pages[:3]]
    listed = [each["id"] for page in pages for each in page["items"]]
    assert len(listed) == len(made)
    assert set(listed) == made
    assert pages[3]["items"] == []


def test_deleted_one_is_not_listed_and_not_counted(world: World) -> None:
    kept, gone = world.add_organization("Kept"), world.add_organization("Gone")
    world.join_organization(world.add_user().id, gone)
    world.invoke(delete_organization, path={"organization_id": gone})

    reply = list_them(world)

    assert [each["id"] for each in reply.body["items"]] == [kept]
    assert reply.body["pagination"]["total"] == 1


@pytest.mark.parametrize(
    ("query", "fields"),
    [({"page": "0"}, ["page"]), ({"limit": "1001"}, ["limit"]), ({"sort": "name"}, ["sort"])],
)
def test_wrong_parameters_are_refused(
    world: World, query: dict[str, str], fields: list[str]
) -> None:
    reply = list_them(world, **query)
    assert (reply.status, reply.fields) == (422, fields)
