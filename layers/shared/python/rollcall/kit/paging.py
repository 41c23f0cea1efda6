"""Lists answer one page with the exact total, and a cursor to walk on with."""

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

    page: Annotated[int, Field(ge=1, le=1_000_000, description="Which one, from 1.")] = 1
    limit: Annotated[int, Field(ge=1, le=1000, description="Items a page.")] = 25


Cursor = Annotated[str | None, Field(max_length=4096)]


class WalkRequest(Request):
    """A request that is sent again with a cursor, to go on where the last one came to."""

    cursor: Cursor = None


class ListRequest(WalkRequest, PageRequest):
    """Which page of a list that may be too long to be read whole."""

    cursor: Annotated[
        Cursor,
        Field(
            description="nextCursor of the page before: goes on from there, at the cost of one "
            "page, however far. In the place of page; all else as before.",
        ),
    ] = None


class Pagination(Model):
    """Where a page stands in the whole list."""

    page: int
    limit: int
    total: int
    total_pages: int
    next_cursor: Annotated[str | None, Field(description="Absent at the last page.")] = None

    @classmethod
    def of(cls, page: int, limit: int, total: int, following: str | None = None) -> Self:
        """Where a page stands; ``following`` is the cursor that goes on behind it."""
        pages = -(-total // limit)
        return cls(page=page, limit=limit, total=total, total_pages=pages, next_cursor=following)


class Page[A: Answer](Answer):
    """One page of a list."""

    items: tuple[A, ...]
    pagination: Pagination


class Listing(NamedTuple):
    """A partition of an index that is listed in the order of its sort key, or what of it holds
    some values; the rest is read, and left out.
    """

    index_name: str
    pk: str
    prefix: str = ""
    up_to: str | None = None
    later_than: str | None = None
    holding: Item | None = None
    newest_first: bool = False

    @property
    def bound(self) -> Sequence[object]:
        """What a cursor is bound to of it: not from where or up to where it is read, which may be
        the present moment and so differ from page to page.
        """
        return self._replace(up_to=None, later_than=None)


def read_page(
    call: Call, listing: Listing, request: ListRequest, total: int | None = None
) -> tuple[list[Item], Pagination]:
    """The stored items of the requested page, and where it stands.

    ``total``, when it is not known, is counted in the index: half a read unit for each 4 KB of
    the whole list. Raises Malformed for a cursor that is not one of this list for this caller.
    """
    position = read_position(call, request, listing.bound)
    if total is None:
        total = _count(call.table, listing)
    skipped = 0 if request.cursor else (position.page - 1) * request.limit
    items: list[Item] = []
    if not skipped or skipped < total:  # what lies beyond the end need not be read to be empty
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
    )


def paginate[T](found: list[T], request: PageRequest) -> tuple[list[T], Pagination]:
    """The requested page of a list that is small enough to be read whole, as what one user has;
    a page beyond the last is empty.
    """
    start = (request.page - 1) * request.limit
    pagination = Pagination.of(request.page, request.limit, len(found))
    return found[start : start + request.limit], pagination


def read_position(call: Call, request: ListRequest, list_read: Sequence[object]) -> Position:
    """Where the request's walk stands. ``list_read`` is the list as it is read, in JSON's types,
    beyond what the request says of it. Raises Malformed for a cursor of another list or walker.
    """
    return read_cursor(call, request, list_read) or Position(request.page, {})


def read_cursor(
    call: Call, request: WalkRequest, list_read: Sequence[object] = ()
) -> Position | None:
    """Where the request's cursor says that the walk stands; None without one. Raises likewise."""
    if request.cursor is None:
        return None
    return _cursors(call.table).read(request.cursor, _bound(call, request, list_read), call.now)


def write_position(
    call: Call, request: WalkRequest, position: Position, list_read: Sequence[object] = ()
) -> str:
    """The cursor by which the walk goes on from there."""
    return _cursors(call.table).write(position, _bound(call, request, list_read), call.now)


@lru_cache(maxsize=1)
def _cursors(table: Table) -> Cursors:
    """The signing key is read once in the life of a process."""
    return Cursors(table)


def _bound(call: Call, request: WalkRequest, list_read: Sequence[object]) -> str:
    """The list as it was asked for and as it is read, and its walker, as one text."""
    asked = request.model_dump(mode="json", exclude={"page", "cursor"})
    return json.dumps(
        [call.action, call.actor.kind, call.actor.id, asked, list_read], sort_keys=True
    )
