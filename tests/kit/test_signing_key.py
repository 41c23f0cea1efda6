"""A signing key is read once in a process, and again when it was rotated since."""

from __future__ import annotations

import pytest

from rollcall.kit.errors import Unavailable
from rollcall.kit.key_rotation import ROTATED_AFTER, rotate_keys
from rollcall.kit.tokens import TokenKey
from tests.world.aws_edge import watched
from tests.world.world import World


def rotate(world: World) -> None:
    world.clock.advance(days=ROTATED_AFTER.days)
    rotate_keys(world.runtime.keys, world.clock.now)


def test_process_reads_the_key_once(world: World) -> None:
    key = TokenKey(world.runtime.keys)
    with watched(world.aws) as seen:
        secrets = {key.newest for _ in range(3)}
    assert [len(each) for each in secrets] == [32]
    assert [call.operation for call in seen] == ["GetItem"]


def test_key_before_the_last_rotation_is_found_and_an_earlier_one_is_not(world: World) -> None:
    first = TokenKey(world.runtime.keys).newest

    def find_first() -> bool | None:
        return TokenKey(world.runtime.keys).find(lambda secret: secret == first or None)

    rotate(world)
    assert TokenKey(world.runtime.keys).newest != first
    assert find_first()
    rotate(world)
    assert find_first() is None


def test_process_that_has_read_the_key_before_a_rotation_finds_the_new_one(world: World) -> None:
    key = TokenKey(world.runtime.keys)
    assert key.newest
    rotate(world)
    new = TokenKey(world.runtime.keys).newest
    assert key.find(lambda secret: secret == new or None)
    assert key.newest == new


def test_deployment_without_keys_answers_that_it_is_not_ready(world: World) -> None:
    world.runtime.keys.delete_items([TokenKey.key()])
    with pytest.raises(Unavailable) as refused:
        _ = TokenKey(world.runtime.keys).newest
    assert refused.value.code == "signing_key_missing"
