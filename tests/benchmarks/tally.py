"""Counts the requests of a world's clients and the DynamoDB capacity that they use.

Requests are counted with botocore's events. Items before and after are read without the clients.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rollcall.kit.attribute_values import from_attributes
from rollcall.kit.entity import Item, Key
from rollcall.kit.table import INDEXES
from tests.benchmarks.capacity import item_size, read_units, write_units
from tests.benchmarks.measuring import print_table
from tests.world.dynamodb import find_item
from tests.world.world import World

type Snapshot = Mapping[Key, Item | None]


@dataclass
class Tally:
    """The requests of one operation and their capacity units."""

    requests: Counter[str] = field(default_factory=Counter)
    read_units: float = 0
    write_units: int = 0


def print_tallies(title: str, tallies: Mapping[str, Tally]) -> None:
    """Print the tallies as a table."""
    print_table(
        title,
        ["operation", "RCU", "WCU", "requests"],
        [
            [name, f"{tally.read_units:g}", str(tally.write_units), _words(tally.requests)]
            for name, tally in tallies.items()
        ],
    )


@contextmanager
def tallying(world: World) -> Iterator[Tally]:
    """Tally the requests of the world's clients. Calls must not overlap."""
    tally = Tally()
    pending: list[tuple[Mapping[str, Any], Snapshot]] = []

    def note_request(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        pending.append((dict(params), _snapshot(world, _keys_written(model.name, params))))

    def note_answer(model: Any, parsed: Mapping[str, Any], **_: Any) -> None:
        params, before = pending.pop()
        tally.requests[model.name] += 1
        if model.service_model.service_name == "dynamodb":
            tally.read_units += _units_read(world, model.name, params, parsed)
            tally.write_units += _units_written(model.name, before, _snapshot(world, before))

    clients = (world.dynamodb, world.cognito, world.ses)
    for client in clients:
        client.meta.events.register("provide-client-params", note_request)
        client.meta.events.register("after-call", note_answer)
    try:
        yield tally
    finally:
        for client in clients:
            client.meta.events.unregister("provide-client-params", note_request)
            client.meta.events.unregister("after-call", note_answer)


def _units_read(
    world: World, name: str, params: Mapping[str, Any], parsed: Mapping[str, Any]
) -> float:
    consistent = params.get("ConsistentRead", False)
    match name:
        case "GetItem":
            return read_units(_sizes([parsed.get("Item", {})]), consistent=consistent)
        case "Query":
            all_sent = "Items" in parsed and "FilterExpression" not in params
            sizes = _sizes(parsed["Items"]) if all_sent else _sizes_read(world, params)
            return read_units(sizes, consistent=consistent)
        case "BatchGetItem":
            ((table, keys),) = params["RequestItems"].items()
            found = _sizes(parsed["Responses"][table])
            missing = [0] * (len(keys["Keys"]) - len(found))
            return sum(
                read_units([size], consistent=keys["ConsistentRead"]) for size in found + missing
            )
        case _:
            return 0


def _sizes_read(world: World, params: Mapping[str, Any]) -> list[int]:
    """The sizes for a query that counts or filters: it is charged for all items that it reads."""
    pk, sk = INDEXES[params["IndexName"]]
    values = from_attributes(params["ExpressionAttributeValues"])
    return [
        item_size(item)
        for item in world.items()
        if item.get(pk) == values[":pk"]
        and item[sk].startswith(values.get(":prefix", ""))
        and item[sk] <= values.get(":end", item[sk])
    ]


def _units_written(name: str, before: Snapshot, after: Snapshot) -> int:
    transactional = name == "TransactWriteItems"
    return sum(write_units(before[key], after[key], transactional=transactional) for key in before)


def _keys_written(name: str, params: Mapping[str, Any]) -> list[Key]:
    match name:
        case "TransactWriteItems":
            actions = [action for entry in params["TransactItems"] for action in entry.values()]
        case "BatchWriteItem":
            (entries,) = params["RequestItems"].values()
            actions = [action for entry in entries for action in entry.values()]
        case "PutItem" | "UpdateItem":
            actions = [params]
        case _:
            return []
    return [_key(from_attributes(action.get("Item") or action["Key"])) for action in actions]


def _snapshot(world: World, keys: Iterable[Key]) -> Snapshot:
    return {key: _find_item(world, key) for key in keys}


def _find_item(world: World, key: Key) -> Item | None:
    item = find_item(world.runtime.table.name, *key)
    return from_attributes(item) if item else None


def _key(item: Item) -> Key:
    return Key(item["pk"], item["sk"])


def _sizes(items: list[dict[str, Any]]) -> list[int]:
    return [item_size(from_attributes(item)) for item in items]


def _words(requests: Counter[str]) -> str:
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in requests.items())
