"""Requests and units are tallied as they are sent."""

from __future__ import annotations

from collections import Counter

from functions.users.get_user import get_user
from rollcall.kit.attributes import to_attributes
from rollcall.kit.entity import Key
from tests.benchmarks.tally import Tally, tallying
from tests.world import World

PLACE = Key("X", "X")


def put(world: World, **attributes: str) -> Tally:
    """Put an item, and what that is charged."""
    with tallying(world) as tally:
        item = to_attributes({**PLACE._asdict(), **attributes})
        world.dynamodb.put_item(TableName=world.runtime.table.name, Item=item)
    return tally


def test_reads_are_tallied_and_write_nothing(world: World) -> None:
    user = world.add_user()
    with tallying(world) as tally:
        world.invoke(get_user, path={"user_id": user.id})
    assert tally == Tally(Counter({"Query": 2}), read_units=2, write_units=0)


def test_writes_are_charged_by_what_was_there_before(world: World) -> None:
    assert put(world, text="x" * 2000).write_units == 2
    assert put(world, text="short").write_units == 2, "the larger one counts"
    assert put(world, text="short").write_units == 1
    assert put(world, gsi1pk="A", gsi1sk="A").write_units == 1 + 1


def test_what_comes_before_and_after_is_not_tallied(world: World) -> None:
    user = world.add_user()
    with tallying(world) as tally:
        pass
    world.invoke(get_user, path={"user_id": user.id})
    assert tally == Tally()
