"""Pages of users: any filter, any sortable column, any page, with the exact total.

One pass counts the matching users in each bucket of the sort column. This gives the total and the
few buckets that contain the page. Only their rows are sorted, so page 1,000 costs the same as page
1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import accumulate, chain
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, WithJsonSchema

from rollcall.directory.columns import Column, Kind, find_column, sortable_columns
from rollcall.directory.conditions import Condition, both
from rollcall.directory.database import Database, Fetch
from rollcall.directory.filters import UserFilters
from rollcall.directory.rows import DirectoryUser
from rollcall.directory.selections import FilteredAnswer
from rollcall.directory.tables import bucket_sql, key_sql
from rollcall.directory.user_queries import list_columns, read_users
from rollcall.kit.call import Call
from rollcall.kit.choices import ANY_CASE
from rollcall.kit.cursor import Position
from rollcall.kit.model import format_time
from rollcall.kit.near_misses import find_spelled, suggest
from rollcall.kit.paging import ListRequest, Page, Pagination, read_position, write_position

NEWEST = "createdAt"


def _check_sortable(name: str) -> str:
    names = [each.name for each in sortable_columns()]
    found = find_spelled(name, names)
    if found is None:
        raise ValueError(f"{suggest(name, names)}Sort by one of {', '.join(names)}.")
    return found


SortColumn = Annotated[
    str,
    AfterValidator(_check_sortable),
    WithJsonSchema({"type": "string", "enum": [each.name for each in sortable_columns()]}),
]


class SortedFilters(UserFilters):
    """The users to select, and their order."""

    sort_by: Annotated[SortColumn, Field(description="Users without a value come last.")] = NEWEST
    sort_order: Annotated[
        Literal["asc", "desc"] | None,
        ANY_CASE,
        Field(description="Default: desc for times, asc for other fields."),
    ] = None

    @property
    def order(self) -> Order:
        """The requested order."""
        column = find_column(self.sort_by)
        if column is None:
            raise AssertionError("A sortable column is a column.")
        default = "desc" if column.kind is Kind.TIME else "asc"
        return Order(column, (self.sort_order or default) == "desc")


class DirectoryRequest(SortedFilters, ListRequest):
    """The users to select, their order and the page."""


class DirectoryPage(FilteredAnswer, Page[DirectoryUser]):
    """One page of users."""


class Order(NamedTuple):
    """The sort column and direction. Users with equal values are sorted by id."""

    column: Column
    descending: bool

    @property
    def sql(self) -> str:
        """For ``ORDER BY``."""
        key, way = key_sql(self.column), "DESC" if self.descending else "ASC"
        return f"{key} IS NULL, {key} {way}, id {way}"

    def place(self, bucket: int) -> tuple[bool, int]:
        """The sort position of a bucket. Buckets without values are negative, and come last."""
        absent = bucket < 0
        return absent, (-bucket if absent else bucket) * (-1 if self.descending else 1)

    def behind(self, after: Mapping[str, Any]) -> Condition:
        """The rows after a row."""
        sign, key, kind = "<" if self.descending else ">", key_sql(self.column), self.column.kind
        if after["value"] is None:
            return Condition(f"{key} IS NULL AND id {sign} ?", (after["id"],))
        value = f"CAST(? AS {kind.value})"
        later = f"({key} {sign} {value} OR ({key} = {value} AND id {sign} ?) OR {key} IS NULL)"
        return Condition(later, (after["value"], after["value"], after["id"]))


class Stretch(NamedTuple):
    """Consecutive buckets, and the number of their rows to skip."""

    buckets: list[int]
    offset: int

    def within(self, order: Order) -> Condition:
        """The rows of these buckets, as ranges, with which a scan skips other rows."""
        absent = [each for each in self.buckets if each < 0]
        present = [each for each in self.buckets if each >= 0]
        ranges = [(min(each), max(each)) for each in (present, absent) if each]
        parts = [f"{bucket_sql(order.column)} BETWEEN ? AND ?"] * len(ranges)
        return Condition(f"({' OR '.join(parts) or 'FALSE'})", tuple(chain.from_iterable(ranges)))


def read_users_page(
    call: Call, database: Database, condition: Condition, request: DirectoryRequest
) -> DirectoryPage:
    """The requested page. Raises Malformed for a cursor of another list."""
    order = request.order
    position = read_position(call, request, (condition.segment,))
    with database.hold() as fetch:
        counts = count_buckets(fetch, condition, order)
        if position.after:
            stretch = _find_behind(counts, order, database, position.after, request.limit + 1)
            condition = both(condition, order.behind(position.after))
        else:
            stretch = _find_page(counts, (position.page - 1) * request.limit, request.limit + 1)
        found = _read_stretch(fetch, condition, order, stretch, request.limit + 1)
    cursor = None
    if len(found) > request.limit:
        last = found[request.limit - 1]
        after = {"value": as_json(last["sorted"]), "id": last["id"]}
        following = Position(position.page + 1, after)
        cursor = write_position(call, request, following, (condition.segment,))
    total = sum(counts.values())
    return DirectoryPage(
        items=read_users(found[: request.limit]),
        pagination=Pagination.of(position.page, request.limit, total, cursor),
        skipped_filters=condition.skipped or None,
    )


def count_buckets(fetch: Fetch, condition: Condition, order: Order) -> dict[int, int]:
    """The number of users in each bucket, in order."""
    sql = f"SELECT {bucket_sql(order.column)}, count(*) FROM users WHERE {condition.sql} GROUP BY 1"
    found = fetch(sql, condition.parameters)
    return dict(sorted(found, key=lambda each: order.place(each[0])))


def _find_page(counts: Mapping[int, int], offset: int, limit: int) -> Stretch:
    """The buckets that contain this many rows after an offset."""
    ends = dict(zip(counts, accumulate(counts.values()), strict=True))
    held = [
        each for each, end in ends.items() if end > offset and end - counts[each] < offset + limit
    ]
    before = ends[held[0]] - counts[held[0]] if held else 0
    return Stretch(held, offset - before)


def _find_behind(
    counts: Mapping[int, int],
    order: Order,
    database: Database,
    after: Mapping[str, Any],
    limit: int,
) -> Stretch:
    """The buckets that contain this many rows after a row, starting with the bucket of the row."""
    own = database.bucket_of(order.column, after["value"], after["id"])
    later = {each: n for each, n in counts.items() if order.place(each) > order.place(own)}
    return Stretch([own, *_find_page(later, 0, limit).buckets], 0)


def _read_stretch(
    fetch: Fetch, condition: Condition, order: Order, stretch: Stretch, limit: int
) -> list[dict[str, Any]]:
    wanted = both(stretch.within(order), condition)
    # Find the rows first: reading all columns of all rows of a bucket would dominate the time.
    found = fetch(
        f"SELECT rowid FROM users WHERE {wanted.sql} ORDER BY {order.sql} LIMIT ? OFFSET ?",
        [*wanted.parameters, limit, stretch.offset],
    )
    names, selected = list_columns()
    rows = fetch(
        f"SELECT {selected}, {key_sql(order.column)} FROM users "
        f"WHERE rowid IN (SELECT unnest(?::BIGINT[])) ORDER BY {order.sql}",
        [[place for (place,) in found]],
    )
    return [dict(zip([*names, "sorted"], row, strict=True)) for row in rows]


def as_json(value: object) -> object:
    """A sort value, as a cursor stores it."""
    if isinstance(value, datetime):
        return format_time(value.replace(tzinfo=UTC))
    return value
