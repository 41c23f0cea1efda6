"""PATCH /admin/segments/{segmentId} (I6, I7, I8)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.directory.get_segment import get_segment
from functions.directory.list_segments import list_segments
from functions.directory.update_segment import update_segment
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World

ACTIVE, ADMINS = 'status eq "active"', "isAdmin eq true"


def update(
    world: World,
    segment_id: str,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Reply:
    path = {"segment_id": segment_id}
    return world.invoke(update_segment, caller=caller, path=path, body=body, headers=headers)


def test_what_is_sent_is_changed_and_the_rest_stays(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)
    world.clock.advance(hours=1)

    renamed = update(world, segment.id, name="Active", description="All of them")
    assert (renamed.status, renamed.headers["ETag"]) == (200, '"2"')
    assert (renamed.body["name"], renamed.body["filter"]) == ("Active", ACTIVE)
    assert renamed.body["updatedAt"] == "2026-01-05T10:00:00.000Z"

    changed = update(world, segment.id, filter=ADMINS, description=None)
    assert (changed.body["name"], changed.body["filter"]) == ("Active", ADMINS)
    assert "description" not in changed.body
    assert world.invoke(get_segment, path={"segment_id": segment.id}).body == changed.body


def test_segment_is_listed_under_its_new_name(world: World) -> None:
    segment = world.add_segment("Alpha", ACTIVE)
    world.add_segment("Beta", ACTIVE)

    update(world, segment.id, name="Gamma")

    listed = world.invoke(list_segments).body["items"]
    assert [each["name"] for each in listed] == ["Beta", "Gamma"]


def test_journal_has_the_changes_and_the_reason(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)

    update(world, segment.id, filter=ADMINS, reason="Narrowed")

    entry = world.journal(segment.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "update_segment",
        world.admin_id,
        "Narrowed",
    )
    assert {name: (c.before, c.after) for name, c in entry.changes.items()} == {
        "filter": (ACTIVE, ADMINS)
    }


def test_equal_values_change_nothing(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)
    stored = world.stored()
    assert update(world, segment.id, name="In use", filter=ACTIVE).body["version"] == 1
    assert update(world, segment.id).body["version"] == 1
    assert world.stored() == stored


def test_only_platform_admins_can_change_segments_of_other_users(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_LIST,))
    own, other = (
        world.add_segment("In use", ACTIVE, owner_id) for owner_id in (caller.id, "usr_gone")
    )

    assert update(world, own.id, caller.id, filter=ADMINS).status == 200
    stored = world.stored()
    refused = update(world, other.id, caller.id, filter=ADMINS)
    assert (refused.status, refused.code) == (403, "segment_of_another")
    assert world.stored() == stored

    admin = world.add_user(permissions=(Permission.ADMIN_ACCESS,))
    changed = update(world, other.id, admin.id, filter=ADMINS)
    assert (changed.status, changed.body["ownerId"]) == (200, "usr_gone")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": None, "filter": None}, ["filter", "name"]),
        ({"name": " "}, ["name"]),
        ({"filter": ""}, ["filter"]),
        ({"filter": "shoeSize gt 44"}, ["filter"]),
        ({"ownerId": "usr_1"}, ["ownerId"]),
    ],
)
def test_each_wrong_field_has_its_entry(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    segment = world.add_segment("In use", ACTIVE)
    reply = update(world, segment.id, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)
    assert world.segment(segment.id) == segment


def test_second_one_with_the_same_version_is_refused(world: World) -> None:
    segment, headers = world.add_segment("In use", ACTIVE), {"If-Match": '"1"'}
    assert update(world, segment.id, headers=headers, filter=ADMINS).status == 200
    reply = update(world, segment.id, headers=headers, filter="hasPassword eq true")
    assert (reply.status, reply.code) == (412, "stale_version")
    assert world.segment(segment.id).filter == ADMINS


def test_same_key_changes_once(world: World) -> None:
    segment, headers = world.add_segment("In use", ACTIVE), {"Idempotency-Key": "key-1"}
    first = update(world, segment.id, headers=headers, filter=ADMINS)
    update(world, segment.id, filter=ACTIVE)
    assert update(world, segment.id, headers=headers, filter=ADMINS) == first
    assert world.segment(segment.id).filter == ACTIVE


def test_unknown_segment_is_not_found(world: World) -> None:
    reply = update(world, "seg_unknown", name="Anything")
    assert (reply.status, reply.code) == (404, "segment_not_found")
