"""The update of an item names what this version of the code knows, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.entity import Entity, Item
from rollcall.kit.item_update import ItemUpdate
from rollcall.kit.model import Model
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Address(Model):
    """A nested model in another nested model."""

    street: str | None = None
    city: str | None = None


class Details(Model):
    """A nested model."""

    address: Address = Address()
    size: int = 1


class Shop(Entity):
    """An entity with nested maps."""

    kind: ClassVar[str] = "shop"
    partition: ClassVar[str] = "SHOP#"

    name: str | None = None
    details: Details = Details()
    prices: Mapping[str, int] = {}
    branches: Mapping[str, Address] = {}
    tags: tuple[str, ...] = ()

    def index(self) -> Mapping[str, str]:
        """Listed by name, if there is one."""
        return {"gsi1pk": "SHOPS", "gsi1sk": self.name} if self.name else {}


def make_shop(**fields: Any) -> Shop:
    return Shop.model_validate({"id": "1", "createdAt": NOW, "updatedAt": NOW, **fields})


def rewrite(world: World, stored: Item, **changes: Any) -> Item:
    """The item after an update from what is read from it to the changed entity."""
    table, key = world.runtime.table, make_shop().key()
    assert table.put_once(stored)
    before = Shop.assemble([table.get_item(key) or {}])
    assert before is not None
    update = ItemUpdate.of(before, before.model_copy(update=changes))
    world.dynamodb.update_item(
        TableName=table.name,
        Key=to_attributes(key._asdict()),
        ExpressionAttributeValues=to_attributes(update.values),
        **update.expression(),
    )
    return table.get_item(key) or {}


def test_updated_item_is_as_the_entity_would_be_stored(world: World) -> None:
    shop = make_shop(name="Old", tags=["a"], prices={"tea": 2, "a.b": 1}, details={"size": 3})
    changes: dict[str, Any] = {
        "name": None,
        "tags": ("b",),
        "prices": {"tea": 3, "#coffee": 4},
        "details": Details(address=Address(city="Bonn")),
        "updated_at": NOW + timedelta(hours=1),
    }
    found = rewrite(world, shop.item(), **changes)
    assert found == shop.model_copy(update=changes).item()
    assert "gsi1pk" not in found


def test_attributes_of_a_newer_version_are_kept_at_every_depth(world: World) -> None:
    address = {"city": "Rome", "later": "street number"}
    details = {"address": address, "size": 3, "later": {"depth": 2}}
    branches = {"north": {"city": "Oslo", "later": True}, "south": {"later": True}}
    item = make_shop(name="Shop").item() | {"details": details, "branches": branches}
    moved = {"north": Address(city="Bergen"), "east": Address()}

    found = rewrite(
        world,
        {**item, "later": ["anything"], "gsi2pk": "LATER", "gsi2sk": "1"},
        details=Details(address=Address(street="Via Appia")),
        branches=moved,
    )

    assert (found["later"], found["gsi2pk"], found["gsi2sk"]) == (["anything"], "LATER", "1")
    assert found["details"] == {
        "address": {"street": "Via Appia", "later": "street number"},
        "size": 1,
        "later": {"depth": 2},
    }
    assert found["branches"] == {"north": {"city": "Bergen", "later": True}, "east": {}}


def test_map_that_an_older_version_has_not_stored_is_written_whole(world: World) -> None:
    item = make_shop(name="Shop").item()
    del item["prices"], item["tags"], item["details"]

    changed = Details(address=Address(city="Bonn"))
    found = rewrite(world, item, details=changed, prices={"tea": 2})

    assert found["details"] == {"address": {"city": "Bonn"}, "size": 1}
    assert (found["prices"], found["tags"]) == ({"tea": 2}, [])


def test_nested_map_that_an_older_version_has_not_stored_is_written_whole(world: World) -> None:
    item = make_shop(name="Shop").item() | {"details": {"later": 1}}
    found = rewrite(world, item, details=Details(address=Address(city="Bonn")))
    assert found["details"] == {"address": {"city": "Bonn"}, "size": 1, "later": 1}


def test_default_is_stored_also_if_nothing_else_changes(world: World) -> None:
    item = make_shop(name="Shop").item() | {"details": {}}
    del item["tags"], item["erased"]
    assert rewrite(world, item) == make_shop(name="Shop").item()


def test_value_that_was_only_a_default_is_removed_from_a_map() -> None:
    made = make_shop().model_copy(update={"details": Details(address=Address(city="Bonn"))})
    update = ItemUpdate.of(made, made.model_copy(update={"details": Details()}))
    assert "REMOVE #" in update.expression()["UpdateExpression"]
    assert "city" in update.expression()["ExpressionAttributeNames"].values()


def test_map_with_more_changes_than_an_expression_can_say_is_written_whole(world: World) -> None:
    """DynamoDB accepts expressions of 4 KB."""
    item = make_shop(name="Shop").item()
    prices = {f"tea {number}": number for number in range(500)}

    assert rewrite(world, item, prices=prices)["prices"] == prices
