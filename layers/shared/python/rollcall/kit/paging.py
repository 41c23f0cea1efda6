"""Lists answer one page with the exact total, and a cursor to walk on with."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import islice
from typing import Annotated, NamedTuple

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


class ListRequest(PageRequest):
    """Which page of a list that may be too long to be read whole."""

    cursor: Annotated[
        str | None,
        Field(
            max_length=4096,
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
    holding: Item | None = None
    newest_first: bool = False


def read_page(
    call: Call, listing: Listing, request: ListRequest, total: int | None = None
) -> tuple[list[Item], Pagination]:
    """The stored items of the requested page, and where it stands.

    ``total``, when it is not known, is counted in the index: half a read unit for each 4 KB of
    the whole list. Raises Malformed for a cursor that is not one of this list for this caller.
    """
    position = _read_position(call, listing, request)
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
        following = _write_position(call, listing, request, Position(position.page + 1, after))
    return items[: request.limit], _pagination(position.page, request.limit, total, following)


def _read_items(
    table: Table, listing: Listing, position: Position, skipped: int, limit: int
) -> list[Item]:
    found = table.query_index(
        listing.index_name,
        listing.pk,
        prefix=listing.prefix,
        up_to=listing.up_to,
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
        holding=listing.holding,
    )


def paginate[T](found: list[T], request: PageRequest) -> tuple[list[T], Pagination]:
    """The requested page of a list that is small enough to be read whole, as what one user has;
    a page beyond the last is empty.
    """
    start = (request.page - 1) * request.limit
    pagination = _pagination(request.page, request.limit, len(found), None)
    return found[start : start + request.limit], pagination


def _pagination(page: int, limit: int, total: int, following: str | None) -> Pagination:
    pages = -(-total // limit)
    return Pagination(page=page, limit=limit, total=total, total_pages=pages, next_cursor=following)


def _read_position(call: Call, listing: Listing, request: ListRequest) -> Position:
    if request.cursor is None:
        return Position(request.page, {})
    return _cursors(call.table).read(request.cursor, _bound(call, listing, request), call.now)


def _write_position(call: Call, listing: Listing, request: ListRequest, position: Position) -> str:
    return _cursors(call.table).write(position, _bound(call, listing, request), call.now)


@lru_cache(maxsize=1)
def _cursors(table: Table) -> Cursors:
    """The signing key is read once in the life of a process."""
    return Cursors(table)


def _bound(call: Call, listing: Listing, request: ListRequest) -> str:
    """The list as it was asked for and as it is read, and its walker, as one text. Up to where it
    is read may be the present moment, and so differs from page to page.
    """
    asked = request.model_dump(mode="json", exclude={"page", "cursor"})
    read = listing._replace(up_to=None)
    return json.dumps([call.action, call.actor.kind, call.actor.id, asked, read], sort_keys=True)
