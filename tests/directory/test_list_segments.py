"""GET /admin/segments (I19)."""

from __future__ import annotations

import pytest

from functions.directory.delete_segment import delete_segment
from functions.directory.list_segments import list_segments
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World

ACTIVE = 'status eq "active"'


def list_them(world: World, caller: str = "", **query: str) -> Reply:
    return world.invoke(list_segments, caller=caller, query=query)


def names(reply: Reply) -> list[str]:
    return [segment["name"] for segment in reply.body["items"]]


def test_segments_of_all_owners_are_sorted_by_name(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_LIST,))
    for name, owner_id in (("zeta", caller.id), ("Alpha", ""), ("beta", "usr_gone")):
        world.add_segment(name, ACTIVE, owner_id)

    reply = list_them(world, caller.id)

    assert reply.status == 200
    assert names(reply) == ["Alpha", "beta", "zeta"]
    assert reply.body["items"][2]["ownerId"] == caller.id
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 3, "totalPages": 1}


def test_deleted_segment_is_listed_no_more(world: World) -> None:
    kept, gone = world.add_segment("Kept", ACTIVE), world.add_segment("Gone", ACTIVE)
    world.invoke(delete_segment, path={"segment_id": gone.id})

    reply = list_them(world)
    assert [segment["id"] for segment in reply.body["items"]] == [kept.id]
    assert reply.body["pagination"]["total"] == 1


def test_cursor_leads_on_to_the_end(world: World) -> None:
    for number in range(3):
        world.add_segment(f"Segment {number}", ACTIVE)

    first = list_them(world, limit="2")
    second = list_them(world, limit="2", cursor=first.body["pagination"]["nextCursor"])

    assert [*names(first), *names(second)] == ["Segment 0", "Segment 1", "Segment 2"]
    assert "nextCursor" not in second.body["pagination"]


@pytest.mark.parametrize(
    ("query", "fields"), [({"limit": "0"}, ["limit"]), ({"owner": "usr_1"}, ["owner"])]
)
def test_each_wrong_parameter_has_its_entry(
    world: World, query: dict[str, str], fields: list[str]
) -> None:
    reply = list_them(world, **query)
    assert (reply.status, reply.fields) == (422, fields)
