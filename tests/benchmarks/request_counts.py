"""How many requests each operation sends, and what DynamoDB charges for them.

Counted at botocore's events while the example of each operation runs against a world of its
own; the caller is a platform admin, and once somebody whose permission comes from a group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.catalog import read_catalog
from rollcall.grants import GroupRole
from rollcall.kit.attributes import from_attributes
from rollcall.kit.entity import Item, Key
from rollcall.kit.operation import Operation
from rollcall.permissions import Permission
from tests.benchmarks.capacity import item_size, read_units, write_units
from tests.benchmarks.measuring import print_table, show_progress
from tests.examples import EXAMPLES, Scene
from tests.world import World, open_world

type Snapshot = Mapping[Key, Item]


@dataclass
class Tally:
    """What one operation has sent and what that is charged."""

    requests: Counter[str] = field(default_factory=Counter)
    read_units: float = 0
    write_units: int = 0


def count_requests() -> None:
    """Count and print."""
    tallies = {
        operation.name: _tally(operation, by_group=False) for operation in read_catalog().operations
    }
    get_user = next(each for each in read_catalog().operations if each.name == "get_user")
    tallies["get_user, permitted by a group"] = _tally(get_user, by_group=True)
    show_progress("")
    print_table(
        "Requests an operation, and DynamoDB capacity by its published rules "
        "(RCU, WCU with indexes)",
        ["operation", "RCU", "WCU", "requests"],
        [
            [name, f"{tally.read_units:g}", str(tally.write_units), _words(tally.requests)]
            for name, tally in tallies.items()
        ],
    )


def _tally(operation: Operation[Any, Any], *, by_group: bool) -> Tally:
    show_progress(f"requests: {operation.name}")
    with open_world() as world:
        scene = Scene(world)
        caller = _add_caller(world) if by_group else world.admin_id
        example = EXAMPLES[operation.name](scene)
        with _tallying(world) as tally:
            reply = world.invoke(
                operation,
                caller=caller,
                path=example.path,
                body=example.body,
                query=example.query,
            )
    if reply.status != operation.status:
        raise RuntimeError(f"The example of {operation.name} was answered {reply.body}.")
    return tally


def _add_caller(world: World) -> str:
    group_id = world.add_group("Viewers", Permission.USER_VIEW)
    caller = world.add_user()
    return world.change_user(caller, caller.with_membership(group_id, GroupRole.MEMBER)).id


@contextmanager
def _tallying(world: World) -> Iterator[Tally]:
    """Tally what the world's clients send meanwhile; calls follow one another, never overlap."""
    tally = Tally()
    pending: list[tuple[Mapping[str, Any], Snapshot]] = []

    def note_request(params: Mapping[str, Any], **_: Any) -> None:
        pending.append((dict(params), _snapshot(world)))

    def note_answer(model: Any, parsed: Mapping[str, Any], **_: Any) -> None:
        params, before = pending.pop()
        tally.requests[model.name] += 1
        if model.service_model.service_name == "dynamodb":
            tally.read_units += _units_read(model.name, params, parsed)
            tally.write_units += _units_written(model.name, params, before, _snapshot(world))

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


def _units_read(name: str, params: Mapping[str, Any], parsed: Mapping[str, Any]) -> float:
    consistent = params.get("ConsistentRead", False)
    match name:
        case "GetItem":
            return read_units(_sizes([parsed.get("Item", {})]), consistent=consistent)
        case "Query":
            return read_units(_sizes(parsed["Items"]), consistent=consistent)
        case "BatchGetItem":
            ((table, keys),) = params["RequestItems"].items()
            found = _sizes(parsed["Responses"][table])
            missing = [0] * (len(keys["Keys"]) - len(found))
            return sum(
                read_units([size], consistent=keys["ConsistentRead"]) for size in found + missing
            )
        case _:
            return 0


def _units_written(name: str, params: Mapping[str, Any], before: Snapshot, after: Snapshot) -> int:
    transactional = name == "TransactWriteItems"
    return sum(
        write_units(before.get(key), after.get(key), transactional=transactional)
        for key in _keys_written(name, params)
    )


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


def _snapshot(world: World) -> Snapshot:
    return {_key(item): item for item in world.items()}


def _key(item: Item) -> Key:
    return Key(item["pk"], item["sk"])


def _sizes(items: list[dict[str, Any]]) -> list[int]:
    return [item_size(from_attributes(item)) for item in items]


def _words(requests: Counter[str]) -> str:
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in requests.items())
