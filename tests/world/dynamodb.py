"""DynamoDB in this process: ministack's engine, called below the botocore clients without a server.

The engine replaces stored items and never changes one in place, so a copy of its containers is a
snapshot of a table.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Event
from types import SimpleNamespace
from typing import Any

from ministack.services import dynamodb as engine

type Attributes = dict[str, Any]
"""An item in DynamoDB's format: each value with its type."""

_MEMBERS = "_index_members"
_read_tokens = lru_cache(maxsize=2_000)(engine._tokenize)
# The engine reads each expression several times per request, and the expressions are few.
engine._tokenize = lambda expression: list(_read_tokens(expression))
engine._condition_syntax_error = lru_cache(maxsize=2_000)(engine._condition_syntax_error)


def serve(operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the answer to one request. Both pass through JSON, so that callers do not
    share objects with the engine.
    """
    target = {"x-amz-target": f"DynamoDB_20120810.{operation}"}
    request = engine.handle_request("POST", "/", target, body, {})
    try:
        request.send(None)
    except StopIteration as finished:
        status, _, answer = finished.value
        return status, json.loads(answer)
    raise RuntimeError(f"{operation} needs an event loop, which does not exist here.")


def set_clock(clock: Callable[[], datetime]) -> None:
    """Set the engine's clock, which determines when it forgets the tokens of transactions. The
    engine's thread that deletes expired items, which starts at import, sleeps forever.
    """
    engine.time = SimpleNamespace(time=lambda: clock().timestamp(), sleep=lambda _: Event().wait())


def read_items(table: str) -> Iterator[Attributes]:
    """All items of a table as stored."""
    yield from _items_of(engine._tables[table])


def find_item(table: str, pk: str, sk: str) -> Attributes | None:
    """One item of a table as stored."""
    partition: dict[str, Attributes] = engine._tables[table]["items"].get(pk, {})
    return partition.get(sk)


def copy_table(name: str, to: str) -> None:
    """Copy a table with its items, as DynamoDB restores a backup to a new table."""
    engine._tables[to] = {**_copy_table(engine._tables[name]), "TableName": to}


def drop_table(name: str) -> None:
    """Delete a table, if it exists."""
    engine._tables.pop(name, None)


def put_item(table: str, item: Attributes) -> None:
    """Store an item as damage does, without a client."""
    _write(table, "PutItem", Item=item)


def delete_item(table: str, pk: str, sk: str) -> None:
    """Delete an item as damage does, without a client."""
    _write(table, "DeleteItem", Key={"pk": {"S": pk}, "sk": {"S": sk}})


def _write(table: str, operation: str, **parameters: Attributes) -> None:
    status, answer = serve(operation, json.dumps({"TableName": table, **parameters}).encode())
    if status != 200:
        raise RuntimeError(answer)


@dataclass(frozen=True)
class TableSnapshot:
    """A table and the tokens of its transactions at one time."""

    table: dict[str, Any]
    tokens: dict[str, Any]

    @classmethod
    def of(cls, name: str) -> TableSnapshot:
        """The table as it is now."""
        return cls(_copy_table(engine._tables[name]), dict(engine._txn_idempotency.items()))

    @property
    def items(self) -> list[Attributes]:
        """The items of the snapshot."""
        return list(_items_of(self.table))

    def restore(self) -> None:
        """Restore the table to this snapshot."""
        engine._tables[self.table["TableName"]] = _copy_table(self.table)
        engine._txn_idempotency.clear()
        for token, used in self.tokens.items():
            engine._txn_idempotency[token] = used


def _items_of(table: dict[str, Any]) -> Iterator[Attributes]:
    for partition in table["items"].values():
        yield from partition.values()


def _copy_table(table: dict[str, Any]) -> dict[str, Any]:
    """A copy that shares only items and definition with the table."""
    items = defaultdict(dict, {pk: dict(rows) for pk, rows in table["items"].items()})
    copied = {**table, "items": items}
    if _MEMBERS in table:
        copied[_MEMBERS] = {
            index: {pk: dict(entries) for pk, entries in partitions.items()}
            for index, partitions in table[_MEMBERS].items()
        }
    return copied
