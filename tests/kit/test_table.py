"""Reads, and writes without a version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.kit.entity import Key
from rollcall.kit.errors import NotFound, Unavailable
from rollcall.users.user import User
from tests.world.aws_edge import failing, watched
from tests.world.world import World


def put(world: World, pk: str, sk: str, **values: Any) -> Key:
    assert world.runtime.table.put_once({"pk": pk, "sk": sk, **values})
    return Key(pk, sk)


def test_user_is_read_with_its_rows_in_one_consistent_query(world: World) -> None:
    user = world.add_user()
    group_id = world.add_group("Readers")
    world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))

    with watched(world.aws) as seen:
        found = world.runtime.table.find(User, user.id)

    assert found is not None
    assert found.group_ids == (group_id,)
    (call,) = seen
    assert (call.operation, call.parameters["ConsistentRead"]) == ("Query", True)


def test_sessions_and_notes_are_not_read_with_the_user(world: World) -> None:
    user = world.add_user()
    put(world, user.key().pk, "SESSION#ses_1", big="x")
    with watched(world.aws) as seen:
        world.runtime.table.find(User, user.id)
    assert seen[0].parameters["ExpressionAttributeValues"][":prefix"] == {"S": "#"}


def test_entity_without_rows_is_read_by_its_key(world: World) -> None:
    group_id = world.add_group("Readers")
    with watched(world.aws) as seen:
        group = world.runtime.table.find(Group, group_id)
    assert group is not None
    assert group.name == "Readers"
    (call,) = seen
    assert (call.operation, call.parameters["ConsistentRead"]) == ("GetItem", True)


@pytest.mark.parametrize(
    ("entity", "detail"),
    [(User, "User not found"), (Group, "Group not found")],
)
def test_missing_entity_is_not_found_by_its_kind(world: World, entity: Any, detail: str) -> None:
    with pytest.raises(NotFound) as refused:
        world.runtime.table.load(entity, "x_1")
    assert (refused.value.code, refused.value.detail) == (f"{entity.kind}_not_found", detail)


def test_tombstone_is_found_but_not_loaded(world: World) -> None:
    user = world.add_user()
    world.change_user(user, user.as_erased(world.clock.now))
    assert world.runtime.table.find(User, user.id) is not None
    with pytest.raises(NotFound):
        world.runtime.table.load(User, user.id)


def test_many_items_are_read_a_hundred_at_a_time(world: World) -> None:
    keys = [put(world, "MANY", f"{number:03}") for number in range(120)]
    with watched(world.aws) as seen:
        found = world.runtime.table.get_items([*keys, Key("MANY", "missing")])
    assert sorted(found) == keys
    assert [call.operation for call in seen] == ["BatchGetItem"] * 2


def test_partition_is_read_in_order_and_by_prefix(world: World) -> None:
    for sk in ("b#2", "a", "b#1"):
        put(world, "PART", sk)
    table = world.runtime.table
    assert [item["sk"] for item in table.query_partition("PART")] == ["a", "b#1", "b#2"]
    assert [item["sk"] for item in table.query_partition("PART", prefix="b#")] == ["b#1", "b#2"]


def test_index_is_read_up_to_a_key_and_a_number(world: World) -> None:
    for name in ("alpha", "beta", "gamma"):
        world.add_group(name)
    table = world.runtime.table

    def names(**options: Any) -> list[str]:
        return [item["name"] for item in table.query_index("gsi1", Group.listed_in, **options)]

    assert names() == ["alpha", "beta", "gamma"]
    assert names(limit=2) == ["alpha", "beta"]
    assert names(up_to="beta~") == ["alpha", "beta"]


def put_in_index(world: World, *sort_keys: str) -> None:
    for number, sort_key in enumerate(sort_keys):
        put(world, "ROW", str(number), gsi1pk="LIST", gsi1sk=sort_key)


def in_index(world: World, **options: Any) -> list[str]:
    return [str(i["gsi1sk"]) for i in world.runtime.table.query_index("gsi1", "LIST", **options)]


def test_index_is_read_by_prefix_and_from_its_end(world: World) -> None:
    put_in_index(world, "a#1", "b#1", "b#2", "b#3", "c#1")

    assert in_index(world, prefix="b#") == ["b#1", "b#2", "b#3"]
    assert in_index(world, newest_first=True) == ["c#1", "b#3", "b#2", "b#1", "a#1"]
    assert in_index(world, prefix="b#", newest_first=True, limit=2) == ["b#3", "b#2"]
    assert in_index(world, up_to="b#2", newest_first=True, limit=2) == ["b#2", "b#1"]
    assert in_index(world, prefix="d#") == []


def test_index_query_continues_after_any_item_in_both_directions(world: World) -> None:
    put_in_index(world, "a", "b", "c", "c", "d")
    items = list(world.runtime.table.query_index("gsi1", "LIST"))

    for place, item in enumerate(items):
        following = [str(each["gsi1sk"]) for each in items[place + 1 :]]
        preceding = [str(each["gsi1sk"]) for each in items[:place]]
        assert in_index(world, after=item) == following
        assert in_index(world, after=item, newest_first=True) == preceding[::-1]
        assert in_index(world, after=item, limit=1) == following[:1]


def test_limit_applies_to_the_read_items(world: World) -> None:
    put_in_index(world, *(f"{number:02}" for number in range(20)))
    with watched(world.aws) as seen:
        assert in_index(world, limit=3) == ["00", "01", "02"]
    assert [call.parameters["Limit"] for call in seen] == [3]


def test_index_with_long_items_is_read_and_counted_to_its_end(world: World) -> None:
    for number in range(6):  # a Query answers 1 MB at most
        put(world, "LONG", str(number), big="x" * 300_000, gsi1pk="LIST", gsi1sk=str(number))

    with watched(world.aws) as seen:
        assert in_index(world, newest_first=True) == ["5", "4", "3", "2", "1", "0"]
    assert len(seen) > 1
    with watched(world.aws) as seen:
        assert world.runtime.table.count_index("gsi1", "LIST") == 6
    assert len(seen) > 1
    assert {call.parameters["Select"] for call in seen} == {"COUNT"}


def test_index_count_equals_the_number_of_items(world: World) -> None:
    put_in_index(world, "a#1", "b#1", "b#2", "b#3", "c#1")
    count = world.runtime.table.count_index

    assert count("gsi1", "LIST") == 5
    assert count("gsi1", "LIST", prefix="b#") == 3
    assert count("gsi1", "LIST", up_to="b#2") == 3
    assert count("gsi1", "LIST", prefix="d#") == count("gsi1", "OTHER") == 0


def test_index_query_filters_by_attribute_values(world: World) -> None:
    for number in range(6):
        even = number % 2 == 0
        indexed = {"gsi1pk": "LIST", "gsi1sk": str(number)}
        put(world, "ROW", str(number), type="even" if even else "odd", first=number < 4, **indexed)
    table = world.runtime.table

    def numbers(**options: Any) -> list[str]:
        return [item["sk"] for item in table.query_index("gsi1", "LIST", **options)]

    assert numbers(holding={"type": "odd"}) == ["1", "3", "5"]
    assert numbers(holding={"type": "odd"}, limit=2) == ["1", "3"]
    assert numbers(holding={"type": "odd", "first": True}) == ["1", "3"]
    assert numbers(holding={"type": "odd"}, up_to="3") == ["1", "3"]
    assert numbers(holding={"other": 1}) == []
    assert table.count_index("gsi1", "LIST", holding={"type": "odd", "first": True}) == 2
    assert table.count_index("gsi1", "LIST") == 6


def test_long_partition_is_read_to_its_end(world: World) -> None:
    for number in range(6):
        put(world, "LONG", str(number), big="x" * 300_000)  # a Query answers 1 MB at most
    with watched(world.aws) as seen:
        found = [item["sk"] for item in world.runtime.table.query_partition("LONG")]
    assert found == ["0", "1", "2", "3", "4", "5"]
    assert len(seen) > 1


def test_bookkeeping_is_set_and_removed_on_condition(world: World) -> None:
    key = put(world, "ROW", "1", version=3, old="x", count=1)
    table = world.runtime.table

    assert not table.update_unversioned(key, {"count": 2}, when={"version": 4})
    assert table.update_unversioned(key, {"count": 2}, remove=["old"], when={"version": 3})
    assert table.get_item(key) == {"pk": "ROW", "sk": "1", "version": 3, "count": 2}


def test_rising_bookkeeping_never_decreases(world: World) -> None:
    key = put(world, "ROW", "1")
    table = world.runtime.table

    later, earlier = {"at": "2026-02-01", "who": "b"}, {"at": "2026-01-01", "who": "a"}
    assert table.update_unversioned(key, earlier, rising="at")
    assert table.update_unversioned(key, later, rising="at")
    assert table.update_unversioned(key, later, rising="at")
    assert not table.update_unversioned(key, earlier, rising="at")
    assert table.get_item(key) == {"pk": "ROW", "sk": "1", **later}


def test_bookkeeping_creates_no_item(world: World) -> None:
    assert not world.runtime.table.update_unversioned(Key("ROW", "none"), {"count": 1})
    assert world.runtime.table.get_item(Key("ROW", "none")) is None


def test_item_is_put_once(world: World) -> None:
    put(world, "ONCE", "1", value="first")
    assert not world.runtime.table.put_once({"pk": "ONCE", "sk": "1", "value": "second"})
    item = world.runtime.table.get_item(Key("ONCE", "1"))
    assert item is not None
    assert item["value"] == "first"


def test_items_are_deleted_one_by_one_without_the_right_to_write_in_batches(world: World) -> None:
    keys = [put(world, "GONE", str(number)) for number in range(3)]
    with watched(world.aws) as seen:
        world.runtime.table.delete_items(keys)
    assert list(world.runtime.table.query_partition("GONE")) == []
    assert [call.operation for call in seen if call.operation != "Query"] == ["DeleteItem"] * 3


READS_AND_WRITES: dict[str, Callable[[World], object]] = {
    "GetItem": lambda world: world.runtime.table.get_item(Key("A", "B")),
    "BatchGetItem": lambda world: world.runtime.table.get_items([Key("A", "B")]),
    "Query": lambda world: list(world.runtime.table.query_partition("A")),
    "PutItem": lambda world: world.runtime.table.put_once({"pk": "A", "sk": "B"}),
    "UpdateItem": lambda world: world.runtime.table.update_unversioned(Key("A", "B"), {"c": 1}),
    "DeleteItem": lambda world: world.runtime.table.delete_items([Key("A", "B")]),
    "TransactWriteItems": lambda world: world.runtime.table.transact([]),
}


@pytest.mark.parametrize("operation", READS_AND_WRITES)
@pytest.mark.parametrize("code", ["InternalServerError", "ProvisionedThroughputExceededException"])
def test_database_that_does_not_answer_is_a_503(world: World, operation: str, code: str) -> None:
    with (
        failing(world.aws, "dynamodb", operation, code=code),
        pytest.raises(Unavailable) as refused,
    ):
        READS_AND_WRITES[operation](world)
    assert refused.value.code == "database_unavailable"


@pytest.mark.parametrize("operation", READS_AND_WRITES)
@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_deployment_error_is_not_reported_as_an_outage(
    world: World, operation: str, code: str
) -> None:
    with failing(world.aws, "dynamodb", operation, code=code), pytest.raises(ClientError):
        READS_AND_WRITES[operation](world)
