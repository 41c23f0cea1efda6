"""Writes users to exported files, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

from rollcall.directory.columns import Column
from rollcall.directory.conditions import Condition, both
from rollcall.directory.database import Database, Fetch
from rollcall.directory.export_formats import ExportFormat
from rollcall.directory.pages import Order, Stretch, as_json, count_buckets
from rollcall.directory.tables import key_sql

ROWS_AT_ONCE = 25_000
"""About 100 MB in memory."""


class Selected(NamedTuple):
    """The users to export, their order, their columns and the format."""

    database: Database
    condition: Condition
    order: Order
    columns: Sequence[Column]
    format: ExportFormat


class Part(NamedTuple):
    """A part of an export that has been written."""

    rows: int
    left: int
    """The number of users that were left, including these."""
    after: dict[str, Any] | None
    """The last of these users; None if no more users are left."""

    @property
    def is_last(self) -> bool:
        """Whether no more users are left."""
        return self.after is None


def write_part(
    file: IO[bytes],
    selected: Selected,
    after: Mapping[str, Any] | None,
    is_enough: Callable[[int], bool],
) -> Part:
    """Write users, starting after one or with the first, until ``is_enough`` is true for the number
    of bytes written. All users are read from the same state, even if some change meanwhile.
    """
    order, condition, rows = selected.order, selected.condition, 0
    if after is None:
        file.write(selected.format.head(selected.columns).encode())
    else:
        condition = both(condition, order.behind(after))
    with selected.database.hold() as fetch:
        counts = count_buckets(fetch, condition, order)
        left = sum(counts.values())
        for stretch in _cut(counts):
            found = _read_lines(fetch, selected, both(stretch.within(order), condition))
            file.write("".join(line for line, _, _ in found).encode())
            rows += len(found)
            if rows < left and is_enough(file.tell()):
                _, value, user_id = found[-1]
                return Part(rows, left, {"value": as_json(value), "id": user_id})
    return Part(rows, left, None)


def _cut(counts: Mapping[int, int]) -> Iterator[Stretch]:
    """All buckets in order, in groups that are read together."""
    buckets: list[int] = []
    for bucket in counts:
        buckets.append(bucket)
        if sum(counts[each] for each in buckets) >= ROWS_AT_ONCE:
            yield Stretch(buckets, 0)
            buckets = []
    if buckets:
        yield Stretch(buckets, 0)


def _read_lines(fetch: Fetch, selected: Selected, wanted: Condition) -> list[tuple[Any, ...]]:
    """The lines of some users in order, each with the sort value and the id."""
    order, key = selected.order, key_sql(selected.order.column)
    names = ", ".join(dict.fromkeys([*(each.sql for each in selected.columns), key, '"id"']))
    # The rows are collected first. Formatting scattered rows in place would take twice as long.
    sql = (
        "WITH found AS MATERIALIZED "
        f"(SELECT {names} FROM users WHERE {wanted.sql} ORDER BY {order.sql}) "
        f"SELECT {selected.format.line_sql(selected.columns)}, {key}, id FROM found"
    )
    return fetch(sql, wanted.parameters)
