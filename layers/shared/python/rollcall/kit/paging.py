"""Lists answer one page with the exact total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from rollcall.kit.model import Answer, Model, Request


class PageRequest(Request):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=1000, description="Items a page.")] = 25


class Pagination(Model):
    """Where a page stands in the whole list."""

    page: int
    limit: int
    total: int
    total_pages: int


class Page[A: Answer](Answer):
    """One page of a list."""

    items: tuple[A, ...]
    pagination: Pagination


def paginate[T](found: Sequence[T], request: PageRequest) -> tuple[Sequence[T], Pagination]:
    """The requested page of all that was found; a page beyond the last is empty."""
    start = (request.page - 1) * request.limit
    pagination = Pagination(
        page=request.page,
        limit=request.limit,
        total=len(found),
        total_pages=-(-len(found) // request.limit),
    )
    return found[start : start + request.limit], pagination
