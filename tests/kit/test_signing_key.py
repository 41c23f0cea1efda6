"""A key is made once for each table, whoever comes first."""

from __future__ import annotations

from rollcall.kit.signing_key import SigningKey
from tests.faults.races import meanwhile
from tests.world import World


def test_all_read_the_key_that_was_made_first(world: World) -> None:
    first = SigningKey(world.runtime.table, "A_KEY").secret

    assert SigningKey(world.runtime.table, "A_KEY").secret == first
    assert SigningKey(world.runtime.table, "ANOTHER_KEY").secret != first
    assert len(first) == 32


def test_who_comes_second_takes_the_key_of_who_came_first(world: World) -> None:
    made: list[bytes] = []
    with meanwhile(
        world, "PutItem", lambda: made.append(SigningKey(world.runtime.table, "A_KEY").secret)
    ):
        second = SigningKey(world.runtime.table, "A_KEY").secret

    assert made == [second]
