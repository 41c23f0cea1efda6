"""Pagination: lists answer one page with the exact total and a cursor for the next page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from rollcall.kit.call import Call
from rollcall.kit.cursor import Cursors, Position
from rollcall.kit.entity import Item
from rollcall.kit.model import Answer, Model, Request
from rollcall.kit.table import INDEXES, PARTITION_KEY, SORT_KEY, Table


class PageRequest(Request):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=1_000_000, description="The page number, from 1.")] = 1
    limit: Annotated[int, Field(ge=1, le=1000, description="Items per page.")] = 25


Cursor = Annotated[str | None, Field(max_length=4096)]


class CursorRequest(Request):
    """A request that continues after the last one with a cursor."""

    cursor: Cursor = None


class ListRequest(CursorRequest, PageRequest):
    """Which page of a list that can be too long to read as a whole."""

    cursor: Annotated[
        Cursor,
        Field(
            description="The nextCursor of the previous page. Send it instead of page, with all "
            "other parameters unchanged. It costs one page at any depth of the list.",
        ),
    ] = None


class Pagination(Model):
    """The position of a page in the list."""

    page: int
    limit: int
    total: int
    total_pages: int
    next_cursor: Annotated[str | None, Field(description="Absent on the last page.")] = None

    @classmethod
    def of(cls, page: int, limit: int, total: int, following: str | None = None) -> Self:
        """The position of a page; ``following`` is the cursor of the next one."""
        pages = -(-total // limit)
        return cls(page=page, limit=limit, total=total, total_pages=pages, next_cursor=following)


class Page[A: Answer](Answer):
    """One page of a list."""

    items: tuple[A, ...]
    pagination: Pagination


class Listing(NamedTuple):
    """A partition of an index in the order of its sort key. With ``holding``, other items are read
    and left out; ``without`` leaves out the items that have an attribute.
    """

    index_name: str
    pk: str
    prefix: str = ""
    up_to: str | None = None
    later_than: str | None = None
    holding: Item | None = None
    without: str | None = None
    newest_first: bool = False

    @property
    def bound(self) -> Sequence[object]:
        """The part that a cursor is bound to. The limits of the range are left out, because they
        can be the current time, which differs from page to page.
        """
        return self._replace(up_to=None, later_than=None)


def read_page(
    call: Call, listing: Listing, request: ListRequest, total: int | None = None
) -> tuple[list[Item], Pagination]:
    """The stored items of the requested page, and its position.

    An unknown ``total`` is counted in the index, at half a read unit for each 4 KB of the whole
    list. Raises Malformed for a cursor of another list or caller.
    """
    position = read_position(call, request, listing.bound)
    if total is None:
        total = _count(call.table, listing)
    skipped = 0 if request.cursor else (position.page - 1) * request.limit
    items: list[Item] = []
    if not skipped or skipped < total:  # a page beyond the end is empty without a read
        items = _read_items(call.table, listing, position, skipped, request.limit + 1)
    following = None
    if len(items) > request.limit:
        names = (PARTITION_KEY, SORT_KEY, *INDEXES[listing.index_name])
        after = {name: items[request.limit - 1][name] for name in names}
        following = write_position(call, request, Position(position.page + 1, after), listing.bound)
    return items[: request.limit], Pagination.of(position.page, request.limit, total, following)


def _read_items(
    table: Table, listing: Listing, position: Position, skipped: int, limit: int
) -> list[Item]:
    found = table.query_index(
        listing.index_name,
        listing.pk,
        prefix=listing.prefix,
        up_to=listing.up_to,
        later_than=listing.later_than,
        holding=listing.holding,
        without=listing.without,
        after=position.after or None,
        limit=skipped + limit,
        newest_first=listing.newest_first,
    )
    return list(islice(found, skipped, None))


def _count(table: Table, listing: Listing) -> int:
    return table.count_index(
        listing.index_name,
        listing.pk,
        prefix=listing.prefix,
        up_to=listing.up_to,
        later_than=listing.later_than,
        holding=listing.holding,
        without=listing.without,
    )


def paginate[T](found: list[T], request: PageRequest) -> tuple[list[T], Pagination]:
    """The requested page of a list that is small enough to read as a whole, such as a user's
    groups. A page beyond the last one is empty.
    """
    start = (request.page - 1) * request.limit
    pagination = Pagination.of(request.page, request.limit, len(found))
    return found[start : start + request.limit], pagination


def read_position(call: Call, request: ListRequest, list_read: Sequence[object]) -> Position:
    """The position that the request asks for. ``list_read`` identifies the list beyond the request,
    in JSON's types. Raises Malformed for a cursor of another list or caller.
    """
    return read_cursor(call, request, list_read) or Position(request.page, {})


def read_cursor(
    call: Call, request: CursorRequest, list_read: Sequence[object] = ()
) -> Position | None:
    """The position of the request's cursor; None without a cursor."""
    if request.cursor is None:
        return None
    return _cursors(call.keys).read(request.cursor, _bound(call, request, list_read), call.now)


def write_position(
    call: Call, request: CursorRequest, position: Position, list_read: Sequence[object] = ()
) -> str:
    """The cursor that continues at this position."""
    return _cursors(call.keys).write(position, _bound(call, request, list_read), call.now)


@lru_cache(maxsize=1)
def _cursors(keys: Table) -> Cursors:
    """Cached, so that a process reads the signing key once."""
    return Cursors(keys)


def _bound(call: Call, request: CursorRequest, list_read: Sequence[object]) -> str:
    """The list, as requested and as read, and the caller, as one text."""
    asked = request.model_dump(mode="json", exclude={"page", "cursor"})
    return json.dumps(
        [call.action, call.actor.kind, call.actor.id, asked, list_read], sort_keys=True
    )
