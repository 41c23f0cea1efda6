"""POST /admin/segments (U3, I6, I7)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.directory.create_segment import create_segment
from functions.directory.get_segment import get_segment
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World

FILTER = 'userTypes eq "learner" and not (lastLoginAt ge "2026-01-01")'


def create(world: World, caller: str = "", key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(create_segment, caller=caller, body=body, headers=headers)


def test_segment_is_answered_as_it_can_then_be_read(world: World) -> None:
    caller = world.add_user(permissions=(Permission.USER_LIST,))

    reply = create(world, caller.id, name="Dormant", filter=FILTER, description="To be asked")

    assert (reply.status, reply.headers["ETag"]) == (201, '"1"')
    segment_id = reply.body["id"]
    assert segment_id.startswith("seg_")
    assert reply.body == {
        "id": segment_id,
        "version": 1,
        "name": "Dormant",
        "description": "To be asked",
        "filter": FILTER,
        "ownerId": caller.id,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }
    assert world.invoke(get_segment, path={"segment_id": segment_id}).body == reply.body


def test_journal_has_the_actor_and_the_new_segment(world: World) -> None:
    segment_id = create(world, name="Dormant", filter=FILTER, reason="Spring cleaning").body["id"]

    (entry,) = world.journal(segment_id)
    assert (entry.action, entry.actor.id) == ("create_segment", world.admin_id)
    assert entry.reason == "Spring cleaning"
    assert {name: change.after for name, change in entry.changes.items()} == {
        "id": segment_id,
        "name": "Dormant",
        "filter": FILTER,
        "ownerId": world.admin_id,
    }


@pytest.mark.parametrize(
    "text",
    [
        "facts.learning.progress ge 50",
        'resources.workspace gt 2 or groups[value eq "grp_1"]',
        "lockedUntil pr and deletedAt eq null",
    ],
)
def test_filters_that_lists_accept_are_accepted(world: World, text: str) -> None:
    assert create(world, name="Taken", filter=text).status == 201


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "filter_malformed"),
        ("status eq", "filter_malformed"),
        ('status eq "active" and', "filter_malformed"),
        ("shoeSize gt 44", "filter_unknown_attribute"),
        ("facts.learning eq 1", "filter_unknown_attribute"),
        ("isAdmin eq 1", "filter_wrong_type"),
        ('status eq "nonsense"', "filter_unknown_value"),
        ('not (permissions eq "user.fly")', "filter_unknown_value"),
        ('authMethods[value eq "telepathy"]', "filter_unknown_value"),
        ("resources.spaceship gt 0", "filter_unknown_resource_type"),
        ('createdAt gt "yesterday"', "filter_wrong_type"),
        ("isAdmin gt true", "filter_unsupported_operator"),
        ("facts.learning.progress co 5", "filter_unsupported_operator"),
    ],
)
def test_filter_that_lists_would_not_take_is_not_saved(world: World, text: str, code: str) -> None:
    stored = world.stored()
    reply = create(world, name="Refused", filter=text)
    assert (reply.status, reply.fields) == (422, ["filter"])
    assert reply.body["errors"][0]["code"] == code
    assert world.stored() == stored


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["filter", "name"]),
        ({"name": " ", "filter": "a" * 8_001}, ["filter", "name"]),
        ({"name": "x", "filter": FILTER, "ownerId": "usr_1", "id": "seg_1"}, ["id", "ownerId"]),
        ({"name": "x", "filter": None}, ["filter"]),
    ],
)
def test_each_wrong_field_has_its_entry(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    reply = create(world, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)


def test_same_key_saves_once(world: World) -> None:
    first = create(world, key="key-1", name="Dormant", filter=FILTER)
    assert create(world, key="key-1", name="Dormant", filter=FILTER) == first
    assert create(world, name="Dormant", filter=FILTER).body["id"] != first.body["id"]
