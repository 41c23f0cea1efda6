"""A signing key is generated once per table, also by concurrent processes."""

from __future__ import annotations

from rollcall.kit.signing_key import SigningKey
from tests.faults.races import meanwhile
from tests.world.world import World


def test_all_processes_read_the_first_key(world: World) -> None:
    first = SigningKey(world.runtime.table, "A_KEY").secret

    assert SigningKey(world.runtime.table, "A_KEY").secret == first
    assert SigningKey(world.runtime.table, "ANOTHER_KEY").secret != first
    assert len(first) == 32


def test_second_process_uses_the_key_of_the_first(world: World) -> None:
    made: list[bytes] = []
    with meanwhile(
        world, "PutItem", lambda: made.append(SigningKey(world.runtime.table, "A_KEY").secret)
    ):
        second = SigningKey(world.runtime.table, "A_KEY").secret

    assert made == [second]
