"""GET /admin/segments/{segmentId}."""

from __future__ import annotations

from functions.directory.get_segment import get_segment
from functions.users.delete_user import delete_user
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World

ACTIVE = 'status eq "active"'


def get(world: World, segment_id: str, caller: str = "") -> Reply:
    return world.invoke(get_segment, caller=caller, path={"segment_id": segment_id})


def test_segment_is_shown_with_its_version_to_callers_who_can_list_users(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)
    caller = world.add_user(permissions=(Permission.USER_LIST,))

    reply = get(world, segment.id, caller.id)

    assert (reply.status, reply.headers["ETag"]) == (200, '"1"')
    assert (reply.body["name"], reply.body["filter"]) == ("In use", ACTIVE)
    assert reply.body["ownerId"] == world.admin_id


def test_segment_stays_when_its_maker_is_deleted(world: World) -> None:
    maker = world.add_user()
    segment = world.add_segment("In use", ACTIVE, maker.id)

    assert world.invoke(delete_user, path={"user_id": maker.id}).status == 200
    world.drain()

    assert get(world, segment.id).body["ownerId"] == maker.id


def test_unknown_segment_is_not_found(world: World) -> None:
    for segment_id in ("seg_unknown", world.admin_id):
        reply = get(world, segment_id)
        assert (reply.status, reply.code) == (404, "segment_not_found")
        assert reply.body["detail"] == "Segment not found"
