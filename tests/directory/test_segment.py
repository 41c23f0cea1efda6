"""Segments: saved filters (U3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollcall.directory.segment import SegmentAnswer, load_own_segment, load_segment
from rollcall.grants.permissions import Permission
from rollcall.kit.actor import Actor
from rollcall.kit.errors import Forbidden, NotFound
from rollcall.kit.transaction import Change
from tests.world.world import World

ACTIVE = 'status eq "active"'


def test_segment_is_found_until_it_is_deleted(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)
    assert load_segment(world.call(), segment.id) == segment

    world.call().commit(Change(segment, segment.as_erased()), answer=SegmentAnswer.of)
    for segment_id in (segment.id, "seg_unknown", world.admin_id):
        with pytest.raises(NotFound) as refused:
            load_segment(world.call(), segment_id)
        assert refused.value.detail == "Segment not found"


def test_deleted_segment_is_listed_and_counted_no_more(world: World) -> None:
    segment = world.add_segment("In use", ACTIVE)
    deleted = segment.as_erased()
    assert (len(segment.index()), len(segment.counts())) == (2, 1)
    assert (deleted.index(), deleted.counts(), deleted.exists) == ({}, {}, False)


@pytest.mark.parametrize(
    ("permission", "own", "may"),
    [
        (Permission.USER_LIST, True, True),
        (Permission.USER_LIST, False, False),
        (Permission.ADMIN_ACCESS, False, True),
    ],
)
def test_only_its_maker_and_platform_admins_may_change_a_segment(
    world: World, permission: Permission, own: bool, may: bool
) -> None:
    segment = world.add_segment("In use", ACTIVE, "usr_1" if own else "usr_2")
    actor = Actor(kind="user", id="usr_1", permissions=frozenset({permission}))
    call = replace(world.call(), actor=actor)
    if may:
        assert load_own_segment(call, segment.id) == segment
        return
    with pytest.raises(Forbidden) as refused:
        load_own_segment(call, segment.id)
    assert refused.value.code == "segment_of_another"


def test_answer_has_the_owner(world: World) -> None:
    answer = SegmentAnswer.of(world.add_segment("In use", ACTIVE, "usr_1"))
    assert (answer.name, answer.filter, answer.owner_id) == ("In use", ACTIVE, "usr_1")
    assert (answer.version, answer.description) == (1, None)
