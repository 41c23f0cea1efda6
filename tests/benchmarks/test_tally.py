"""Requests and capacity units are tallied."""

from __future__ import annotations

from collections import Counter

from functions.users.get_user import get_user
from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.entity import Key
from tests.benchmarks.tally import Tally, tallying
from tests.world.world import World

KEY = Key("X", "X")


def put(world: World, **attributes: str) -> Tally:
    """Put an item and return the tally."""
    with tallying(world) as tally:
        item = to_attributes({**KEY._asdict(), **attributes})
        world.dynamodb.put_item(TableName=world.runtime.table.name, Item=item)
    return tally


def test_reads_are_tallied_without_write_units(world: World) -> None:
    user = world.add_user()
    with tallying(world) as tally:
        world.invoke(get_user, path={"user_id": user.id})
    assert tally == Tally(Counter({"Query": 2}), read_units=2, write_units=0)


def test_write_units_depend_on_the_previous_item(world: World) -> None:
    assert put(world, text="x" * 2000).write_units == 2
    assert put(world, text="short").write_units == 2, "the larger one counts"
    assert put(world, text="short").write_units == 1
    assert put(world, gsi1pk="A", gsi1sk="A").write_units == 1 + 1


def test_requests_before_and_after_are_not_tallied(world: World) -> None:
    user = world.add_user()
    with tallying(world) as tally:
        pass
    world.invoke(get_user, path={"user_id": user.id})
    assert tally == Tally()


def test_query_is_charged_for_the_items_that_it_reads_not_returns(world: World) -> None:
    for number in range(3):
        put(world, sk=f"{number}", gsi1pk="LIST", gsi1sk=f"{number}", text="x" * 4096)
    table = world.runtime.table

    with tallying(world) as all_of_them:
        assert table.count_index("gsi1", "LIST") == 3
    with tallying(world) as one:
        assert table.count_index("gsi1", "LIST", prefix="1") == 1
    with tallying(world) as two:
        assert table.count_index("gsi1", "LIST", up_to="1") == 2

    with tallying(world) as filtered:
        assert len(list(table.query_index("gsi1", "LIST", holding={"sk": "1"}))) == 1
    # Each item is slightly over 4 KB; an index reads two such items for one unit.
    tallies = (all_of_them, one, two, filtered)
    assert [each.read_units for each in tallies] == [2, 1, 1.5, 2]
