"""GET /admin/workspaces (W1, I19)."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import pytest

from functions.users.delete_user import delete_user
from functions.workspaces.list_workspaces import list_workspaces
from rollcall.grants.permissions import Permission
from rollcall.resources.resource import Resource
from rollcall.users.user import User
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World


class Stage(NamedTuple):
    """Workspaces of two users in two groups, and orphans of a third user."""

    one: User
    two: User
    gone: User
    writers: str
    readers: str
    resources: list[Resource]


def ask(world: World, *, caller: str = "", **query: Any) -> Reply:
    written = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in query.items()
    }
    return world.invoke(list_workspaces, caller=caller, query=written)


def add_member(world: World, *group_ids: str) -> User:
    user = world.add_user()
    joined = user
    for group_id in group_ids:
        joined = joined.with_membership(group_id)
    return world.change_user(user, joined)


@pytest.fixture
def stage(world: World) -> Stage:
    writers, readers = world.add_group("Writers"), world.add_group("Readers")
    one, two, gone = (add_member(world, writers, readers) for _ in range(3))
    for owner, group_id in itertools.product((one, two, gone), (writers, readers, None)):
        world.clock.advance(seconds=1)
        world.add_resource(owner.id, group_id=group_id)
    world.add_resource(one.id, group_id=writers, active=False)
    world.add_resource(one.id, "persona", group_id=writers)
    world.invoke(delete_user, path={"user_id": gone.id})
    world.drain()
    stored = (item for item in world.items() if item["sk"].startswith("RESOURCE#"))
    resources = sorted((Resource.model_validate(item) for item in stored), key=lambda each: each.id)
    return Stage(one, two, gone, writers, readers, [t for t in resources if t.type == "workspace"])


def ids(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.body
    return [item["id"] for item in reply.body["items"]]


def test_every_workspace_is_listed_oldest_first(world: World, stage: Stage) -> None:
    reply = ask(world)

    assert ids(reply) == [resource.id for resource in stage.resources]
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 10, "totalPages": 1}
    first = stage.resources[0]
    assert reply.body["items"][0] == {
        "id": first.id,
        "version": 1,
        "type": "workspace",
        "userId": stage.one.id,
        "groupId": stage.writers,
        "active": True,
        "orphaned": False,
        "createdAt": "2026-01-05T09:00:01.000Z",
        "updatedAt": "2026-01-05T09:00:01.000Z",
    }


def walk(world: World, query: dict[str, Any], limit: int) -> tuple[list[str], list[str], int]:
    """The whole list, page by page and cursor by cursor, and the total that it names."""
    reply = ask(world, **query, limit=limit)
    pagination = reply.body["pagination"]
    by_cursor = ids(reply)
    while cursor := reply.body["pagination"].get("nextCursor"):
        reply = ask(world, **query, limit=limit, cursor=cursor)
        by_cursor += ids(reply)
    pages = range(1, pagination["totalPages"] + 1)
    by_page = [each for page in pages for each in ids(ask(world, **query, limit=limit, page=page))]
    return by_page, by_cursor, pagination["total"]


def test_filters_are_combined_and_pages_are_exact(
    world: World, stage: Stage, subtests: pytest.Subtests
) -> None:
    choices = itertools.product(
        (None, stage.one.id, stage.gone.id, "usr_nobody"),
        (None, stage.writers, "grp_nowhere"),
        (None, True, False),
        (2, 25),
    )
    for owner_id, group_id, orphaned, limit in choices:
        named: dict[str, Any] = {"user": owner_id, "group": group_id, "orphaned": orphaned}
        query = {name: value for name, value in named.items() if value is not None}
        with subtests.test(query=query, limit=limit):
            wanted = [
                resource.id
                for resource in stage.resources
                if owner_id in (None, resource.user_id)
                and group_id in (None, resource.group_id)
                and orphaned in (None, resource.orphaned)
            ]
            assert walk(world, query, limit) == (wanted, wanted, len(wanted))


def test_deleted_workspaces_are_not_listed(world: World, stage: Stage) -> None:
    resource = stage.resources[0]
    world.change_resource(resource, resource.as_erased())
    for query in ({}, {"user": stage.one.id}, {"group": stage.writers}):
        assert resource.id not in ids(ask(world, **query))


def test_lagging_index_does_not_show_moved_workspaces(world: World, stage: Stage) -> None:
    resource = stage.resources[0]
    world.change_resource(resource, resource.model_copy(update={"group_id": stage.readers}))
    stale = {"gsi1pk": f"WORKSPACES#{stage.writers}", "gsi1sk": resource.id}
    place = next(row for row in resource.rows())
    world.runtime.table.update_unversioned(place.key(), stale)

    assert resource.id not in ids(ask(world, group=stage.writers))


def test_page_of_a_group_takes_the_same_requests_at_any_size(world: World, stage: Stage) -> None:
    def requests() -> int:
        with watched(world.aws) as seen:
            ask(world, group=stage.writers, limit=2)
        return len(seen)

    requests()  # the first cursor ever makes the key that signs them all
    before = requests()
    for _ in range(40):
        world.add_resource(stage.one.id, group_id=stage.writers)

    assert requests() == before


def test_unknown_fields_and_values_are_refused(world: World) -> None:
    reply = ask(world, orphaned="perhaps", owner="usr_1")
    assert (reply.status, sorted(reply.fields)) == (422, ["orphaned", "owner"])


def test_name_of_a_group_is_refused_instead_of_selecting_nothing(world: World) -> None:
    reply = ask(world, group="Writers")
    assert (reply.status, reply.fields) == (422, ["group"])
    assert "starts with grp_" in reply.body["errors"][0]["message"]


def test_permission_to_view_workspaces_shows_all_of_them(world: World, stage: Stage) -> None:
    caller = world.add_user(permissions=(Permission.WORKSPACE_VIEW,))
    assert len(ids(ask(world, caller=caller.id))) == len(stage.resources)
