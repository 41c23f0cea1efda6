"""No input within the documented sizes costs more than five seconds or an internal error (I23)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from random import Random
from time import process_time
from typing import Any, NamedTuple

import pytest
from pydantic.alias_generators import to_snake

from rollcall_infra.catalog import read_catalog
from rollcall_infra.openapi import build_document
from tests.api.examples import EXAMPLES, Example, Scene
from tests.api.extremes import NUMBERS, OTHERS, extreme_filters, extreme_texts
from tests.sample import SEED
from tests.world.gateway import Reply
from tests.world.snapshot import Snapshot
from tests.world.world import World

OPERATIONS = {operation.name: operation for operation in read_catalog().operations}
DOCUMENT = build_document(read_catalog().operations)
REQUESTS = int(os.environ.get("ROLLCALL_EXTREMES") or "30")
"""The number of sampled requests to each operation."""
SECONDS_AT_MOST = 5
HEADERS = ("Idempotency-Key", "If-Match")


class Position(NamedTuple):
    """A place in a request that takes a value."""

    part: str
    """path, query, header or body."""
    way: tuple[str | int, ...]
    """The names and places that lead to it; an empty name is that of a free key."""
    schema: Mapping[str, Any]


def _resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _positions(part: str, schema: Mapping[str, Any], way: tuple[Any, ...]) -> Iterator[Position]:
    """Every place at and below a schema. Schemas are not recursive."""
    schema = _resolve(schema)
    alternatives = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    if way and not alternatives:
        yield Position(part, way, schema)
    for each in alternatives:
        yield from _positions(part, each, way)
    for name, each in schema.get("properties", {}).items():
        yield from _positions(part, each, (*way, name))
    if "items" in schema:
        yield from _positions(part, schema["items"], (*way, 0))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _positions(part, schema["additionalProperties"], (*way, "key"))
        yield Position(part, (*way, ""), {"type": "string"})


def find_positions(name: str) -> list[Position]:
    """The places of an operation's request, from the API document."""
    operation = OPERATIONS[name]
    described = DOCUMENT["paths"][operation.public_path][operation.method.lower()]
    found = [Position("header", (each,), {"type": "string", "maxLength": 255}) for each in HEADERS]
    for each in described["parameters"]:
        if each["in"] in {"path", "query"}:
            found += _positions(each["in"], each["schema"], (each["name"],))
    if "requestBody" in described:
        body = described["requestBody"]["content"]["application/json"]["schema"]
        found += _positions("body", body, ())
    return found


def _values_for(position: Position) -> list[Any]:
    schema = position.schema
    if str(position.way[-1]).lower().endswith("filter"):
        return list(extreme_filters())
    if schema.get("type") in {"integer", "number"}:
        return [*NUMBERS, *OTHERS, "9" * 300]
    texts = list(extreme_texts(schema.get("maxLength")))
    return texts if position.part != "body" else [*texts, *NUMBERS[:2], *OTHERS]


def _place(held: Any, way: tuple[str | int, ...], value: Any) -> Any:
    """A copy of what is held, with the value at the end of the way."""
    if not way:
        return value
    step, rest = way[0], way[1:]
    if isinstance(step, int):
        return [_place(None, rest, value)]
    known = held if isinstance(held, dict) else {}
    if step == "":
        return {**known, value if isinstance(value, str) else json.dumps(value): 1}
    return {**known, step: _place(known.get(step), rest, value)}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def send(world: World, name: str, example: Example, position: Position, value: Any) -> Reply:
    """Send the example with another value at one position."""
    part, way, _ = position
    operation, text = OPERATIONS[name], _as_text(value)
    path, query, headers = dict(example.path), dict(example.query), {}
    body: Any = example.body
    match part:
        case "path":
            path[to_snake(str(way[0]))] = text.encode(errors="replace").decode() or " "
        case "query":
            query[str(way[0])] = text
        case "header":
            headers[str(way[0])] = text
        case _:
            body = _place(example.body, way, value)
    return world.invoke(operation, path=path, query=query, headers=headers, body=body)


def _assert_answered(reply: Reply, seconds: float, sent: object) -> None:
    assert reply.status < 500, (reply.body, sent)
    assert seconds < SECONDS_AT_MOST, sent
    if reply.status >= 400:
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert all(reply.body[each] for each in ("type", "title", "code", "detail")), sent


@pytest.mark.parametrize("name", EXAMPLES)
def test_extreme_value_at_any_position_is_answered_in_time(world: World, name: str) -> None:
    example = EXAMPLES[name](Scene.complete(world))
    start = Snapshot.of(world)
    if "id eq" in example.query.get("filter", ""):
        example.query.pop("filter")
    random = Random(f"{SEED} {name}")  # noqa: S311 (a repeatable sample)
    places = find_positions(name)
    for _ in range(REQUESTS):
        position = random.choice(places)
        value = random.choice(_values_for(position))
        started = process_time()
        reply = send(world, name, example, position, value)
        _assert_answered(reply, process_time() - started, (position, value))
        operation = OPERATIONS[name]
        if reply.status < 400 and operation.changes:
            world.drain()
            start.restore(world)
        elif operation.public:  # its throttle would refuse most of the sample
            start.restore(world)
