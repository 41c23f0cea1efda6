"""Signing keys are generated once and rotated in time, also by concurrent processes."""

from __future__ import annotations

from typing import Any

from rollcall.kit.key_rotation import KINDS, ROTATED_AFTER, rotate_keys
from tests.faults.races import meanwhile
from tests.world.world import World


def read_items(world: World) -> list[dict[str, Any] | None]:
    return [world.runtime.keys.get_item(kind.key()) for kind in KINDS]


def rotate(world: World) -> int:
    return rotate_keys(world.runtime.keys, world.clock.now)


def test_missing_keys_are_generated_and_differ(world: World) -> None:
    world.runtime.keys.delete_items(kind.key() for kind in KINDS)
    assert rotate(world) == len(KINDS)
    made = [each for each in read_items(world) if each]
    assert len({each["secret"] for each in made}) == len(KINDS)
    assert all(len(bytes.fromhex(each["secret"])) == 32 for each in made)


def test_keys_change_only_when_they_are_old(world: World) -> None:
    before = read_items(world)
    world.clock.advance(days=ROTATED_AFTER.days - 1)
    assert rotate(world) == 0
    assert read_items(world) == before

    world.clock.advance(days=1)
    assert rotate(world) == len(KINDS)
    for old, new in zip(before, read_items(world), strict=True):
        assert old
        assert new
        assert new["previous"] == old["secret"] != new["secret"]
    assert rotate(world) == 0


def test_two_rotations_at_once_make_one_key(world: World) -> None:
    world.clock.advance(days=ROTATED_AFTER.days)
    before = read_items(world)
    made: list[int] = []
    with meanwhile(world, "UpdateItem", lambda: made.append(rotate(world))):
        made.append(rotate(world))
    assert sum(made) == len(KINDS)
    assert [each and each["previous"] for each in read_items(world)] == [
        each and each["secret"] for each in before
    ]
