"""Capacity that DynamoDB charges for a call, by its published rules; emulators report it wrongly.

The rules are those of the Amazon DynamoDB Developer Guide: "DynamoDB item sizes and formats" and
"DynamoDB read and write operations" for base tables, "Managing complex workflows with DynamoDB
transactions" for the doubling, "Using global secondary indexes" for what indexes add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from rollcall.kit.entity import Item
from rollcall.kit.table import INDEXES

READ_UNIT, WRITE_UNIT = 4096, 1024
"""Bytes that one unit reads (strongly consistent; half a unit otherwise) or writes."""
TRANSACTIONAL = 2
"""A transaction prepares and commits, and pays for both."""


def item_size(item: Item) -> int:
    """An item's size in bytes: its attributes' names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def read_units(sizes: Iterable[int], *, consistent: bool) -> float:
    """Units of one read of items of these sizes. As in GetItem and Query, the sizes are summed
    before they are rounded up. Reading a missing item costs the minimum.
    """
    units = max(1, _round_up(sum(sizes), READ_UNIT))
    return units if consistent else units / 2


def write_units(before: Item | None, after: Item | None, *, transactional: bool) -> int:
    """Units of one put, update, delete or condition check of an item, including indexes. The
    larger of both sizes counts; a missing item is charged as the smallest item.
    """
    size = max(item_size(item) for item in (before or {}, after or {}))
    own = max(1, _round_up(size, WRITE_UNIT)) * (TRANSACTIONAL if transactional else 1)
    return own + sum(_index_units(before, after, keys) for keys in INDEXES.values())


def _index_units(before: Item | None, after: Item | None, keys: tuple[str, str]) -> int:
    """An entry that appears, disappears or changes is one write; one that moves is two. Indexes are
    updated outside of the transaction and project all attributes.
    """
    old, new = _entry(before, keys), _entry(after, keys)
    if old == new:
        return 0
    if old and new and all(old[key] == new[key] for key in keys):
        return _round_up(max(item_size(old), item_size(new)), WRITE_UNIT)
    return sum(_round_up(item_size(entry), WRITE_UNIT) for entry in (old, new) if entry)


def _entry(item: Item | None, keys: tuple[str, str]) -> Item | None:
    return item if item and all(key in item for key in keys) else None


def _round_up(size: int, unit: int) -> int:
    return -(-size // unit)


def _value_size(value: Any) -> int:
    match value:
        case None | bool():
            return 1
        case str():
            return len(value.encode())
        case int() | Decimal():
            digits = len(Decimal(value).normalize().as_tuple().digits)
            return -(-digits // 2) + 1 + (value < 0)
        case Mapping():
            return 3 + len(value) + item_size(dict(value))
        case _:
            return 3 + len(value) + sum(map(_value_size, value))
