"""DELETE /admin/segments/{segmentId} (I6, I8)."""

from __future__ import annotations

from functions.directory.delete_segment import delete_segment
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World

ACTIVE = 'status eq "active"'


def delete(world: World, segment_id: str, caller: str = "", if_match: str = "") -> Reply:
    headers = {"If-Match": if_match} if if_match else {}
    path = {"segment_id": segment_id}
    return world.invoke(delete_segment, caller=caller, path=path, headers=headers)


def test_deleted_segment_is_gone_and_the_journal_keeps_what_it_was(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)

    reply = delete(world, segment.id)

    assert (reply.status, reply.body) == (200, {"success": True, "message": "Segment deleted"})
    assert delete(world, segment.id).code == "segment_not_found"
    made, deleted = world.journal(segment.id)
    assert made.changes["filter"].after == ACTIVE
    assert (deleted.action, deleted.changes["erased"].after) == ("delete_segment", True)


def test_only_platform_admins_can_delete_segments_of_other_users(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_LIST,))
    own, other = (
        world.add_segment("In use", ACTIVE, owner_id) for owner_id in (caller.id, "usr_gone")
    )

    refused = delete(world, other.id, caller.id)

    assert (refused.status, refused.code) == (403, "segment_of_another")
    assert world.segment(other.id) == other
    assert delete(world, own.id, caller.id).status == 200
    admin = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    assert delete(world, other.id, admin.id).status == 200


def test_another_version_than_the_present_one_is_not_deleted(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)
    assert delete(world, segment.id, if_match='"2"').code == "stale_version"
    assert delete(world, segment.id, if_match='"1"').status == 200


def test_unknown_segment_is_not_found(world: World) -> None:
    reply = delete(world, "seg_unknown")
    assert (reply.status, reply.code) == (404, "segment_not_found")
