"""Pagination of lists (I19)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rollcall.kit.actor import Actor
from rollcall.kit.call import Call
from rollcall.kit.errors import Invalid, Malformed
from rollcall.kit.http import write_answer
from rollcall.kit.model import Answer
from rollcall.kit.paging import (
    Listing,
    ListRequest,
    Page,
    PageRequest,
    Pagination,
    paginate,
    read_page,
)
from tests.world.aws_edge import watched
from tests.world.world import World


@given(found=st.lists(st.integers()), limit=st.integers(1, 1000))
def test_all_pages_together_are_the_list(found: list[int], limit: int) -> None:
    first = paginate(found, PageRequest(limit=limit))[1]
    pages = [
        paginate(found, PageRequest(page=number, limit=limit))[0]
        for number in range(1, first.total_pages + 1)
    ]

    assert [item for page in pages for item in page] == found
    assert all(page for page in pages)
    assert first.total == len(found)


@given(found=st.lists(st.integers()), beyond=st.integers(1, 999))
def test_page_beyond_the_last_is_empty_and_has_the_total(found: list[int], beyond: int) -> None:
    last = paginate(found, PageRequest())[1].total_pages
    items, pagination = paginate(found, PageRequest(page=last + beyond))
    assert list(items) == []
    assert (pagination.page, pagination.total) == (last + beyond, len(found))


@pytest.mark.parametrize("wrong", [{"page": 0}, {"page": 1_000_001}, {"limit": 0}, {"limit": 1001}])
def test_limits(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        PageRequest(**wrong)


class Filtered(ListRequest):
    """Which part of a list."""

    kind: str | None = None


LETTERS = Listing("gsi1", "LETTERS")


def put_letters(world: World, letters: str = "abcdefg", listed_in: str = "LETTERS") -> None:
    for letter in letters:
        keys = {"pk": listed_in, "sk": letter, "gsi1pk": listed_in, "gsi1sk": letter}
        assert world.runtime.table.put_once({**keys, "vowel": letter in "aeiou"})


def make_call(world: World, action: str = "list_letters", user_id: str = "usr_1") -> Call:
    return replace(world.call(action), actor=Actor(kind="user", id=user_id))


def read(
    call: Call, request: ListRequest, listing: Listing = LETTERS, total: int | None = None
) -> tuple[str, str | None]:
    """The letters of a page, and the next cursor."""
    items, pagination = read_page(call, listing, request, total)
    return "".join(item["sk"] for item in items), pagination.next_cursor


def walk(call: Call, limit: int, listing: Listing = LETTERS) -> list[str]:
    """The letters of all pages by cursors."""
    letters, cursor = read(call, Filtered(limit=limit), listing)
    pages = [letters]
    while cursor:
        letters, cursor = read(call, Filtered(limit=limit, cursor=cursor), listing)
        pages.append(letters)
    return pages


@pytest.mark.parametrize("limit", range(1, 10))
def test_cursors_and_page_numbers_return_the_same_list(world: World, limit: int) -> None:
    put_letters(world)
    put_letters(world, "xyz", listed_in="OTHERS")
    call = make_call(world)

    walked = walk(call, limit)

    assert walked == ["abcdefg"[start : start + limit] for start in range(0, 7, limit)]
    numbers = range(1, len(walked) + 1)
    assert [read(call, Filtered(page=each, limit=limit))[0] for each in numbers] == walked


def test_cursors_keep_the_order_of_the_listing(world: World) -> None:
    put_letters(world)
    call = make_call(world)
    assert walk(call, 3, LETTERS._replace(newest_first=True)) == ["gfe", "dcb", "a"]
    assert walk(call, 3, LETTERS._replace(up_to="d")) == ["abc", "d"]
    assert walk(call, 2, LETTERS._replace(holding={"vowel": False})) == ["bc", "df", "g"]
    assert walk(call, 2, LETTERS._replace(prefix="c")) == ["c"]


def test_pagination_can_start_at_any_page(world: World) -> None:
    put_letters(world)
    call = make_call(world)
    _, cursor = read(call, Filtered(page=2, limit=2))
    items, pagination = read_page(call, LETTERS, Filtered(limit=2, cursor=cursor))
    assert ([item["sk"] for item in items], pagination.page) == (["e", "f"], 3)
    assert (pagination.total, pagination.total_pages) == (7, 4)


def test_pagination_returns_unchanged_items_once_during_inserts_and_deletes(world: World) -> None:
    put_letters(world, "bdfh")
    call = make_call(world)
    letters, cursor = read(call, Filtered(limit=2))
    assert letters == "bd"

    put_letters(world, "ace")
    for gone in world.runtime.table.query_index("gsi1", "LETTERS"):
        if gone["sk"] == "d":  # the item that the cursor refers to
            world.dynamodb.delete_item(
                TableName=world.runtime.table.name,
                Key={"pk": {"S": "LETTERS"}, "sk": {"S": "d"}},
            )

    assert read(call, Filtered(limit=2, cursor=cursor))[0] == "ef"


MISUSES: dict[str, Callable[[World, str], object]] = {
    "by another caller": lambda world, cursor: read(
        make_call(world, user_id="usr_2"), Filtered(limit=2, cursor=cursor)
    ),
    "by a client with the id of a user": lambda world, cursor: read(
        replace(make_call(world), actor=Actor(kind="client", id="usr_1")),
        Filtered(limit=2, cursor=cursor),
    ),
    "in another operation": lambda world, cursor: read(
        make_call(world, "list_numbers"), Filtered(limit=2, cursor=cursor)
    ),
    "under another filter": lambda world, cursor: read(
        make_call(world), Filtered(limit=2, cursor=cursor, kind="vowel")
    ),
    "with another page size": lambda world, cursor: read(
        make_call(world), Filtered(limit=3, cursor=cursor)
    ),
    "in another partition": lambda world, cursor: read(
        make_call(world), Filtered(limit=2, cursor=cursor), Listing("gsi1", "OTHERS")
    ),
    "in another index": lambda world, cursor: read(
        make_call(world), Filtered(limit=2, cursor=cursor), Listing("gsi2", "LETTERS")
    ),
    "the other way round": lambda world, cursor: read(
        make_call(world), Filtered(limit=2, cursor=cursor), LETTERS._replace(newest_first=True)
    ),
    "for what holds other values": lambda world, cursor: read(
        make_call(world),
        Filtered(limit=2, cursor=cursor),
        LETTERS._replace(holding={"vowel": True}),
    ),
    "altered": lambda world, cursor: read(make_call(world), Filtered(limit=2, cursor=f"{cursor}A")),
    "cut off": lambda world, cursor: read(make_call(world), Filtered(limit=2, cursor=cursor[:-1])),
    "empty": lambda world, _: read(make_call(world), Filtered(limit=2, cursor="")),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_cursor_of_another_request_is_refused_before_the_list_is_read(
    world: World, misuse: str
) -> None:
    put_letters(world)
    _, cursor = read(make_call(world), Filtered(limit=2))
    assert cursor is not None

    with watched(world.aws) as seen, pytest.raises(Malformed) as refused:
        MISUSES[misuse](world, cursor)

    assert (refused.value.status, refused.value.code) == (400, "cursor_invalid")
    assert "Query" not in [call.operation for call in seen]
    assert read(make_call(world), Filtered(limit=2, cursor=cursor))[0] == "cd"


def test_expired_cursor_is_refused(world: World) -> None:
    put_letters(world)
    _, cursor = read(make_call(world), Filtered(limit=2))
    world.clock.advance(days=1, seconds=1)
    with pytest.raises(Malformed) as refused:
        read(make_call(world), Filtered(limit=2, cursor=cursor))
    assert refused.value.code == "cursor_expired"


def test_pagination_up_to_the_current_time_continues_later(world: World) -> None:
    put_letters(world)
    call = make_call(world)
    _, cursor = read(call, Filtered(limit=2), LETTERS._replace(up_to="e"))
    letters, _ = read(call, Filtered(limit=9, page=1), LETTERS._replace(up_to="f"))
    assert letters == "abcdef"
    assert read(call, Filtered(limit=2, cursor=cursor), LETTERS._replace(up_to="f"))[0] == "cd"


def test_page_with_a_cursor_reads_only_its_own_items(world: World) -> None:
    put_letters(world)
    call = make_call(world)
    _, cursor = read(call, Filtered(limit=2, page=2))
    with watched(world.aws) as seen:
        read(call, Filtered(limit=2, cursor=cursor), total=7)
    assert [(each.operation, each.parameters.get("Limit")) for each in seen] == [("Query", 3)]


def test_page_beyond_the_last_is_not_read(world: World) -> None:
    put_letters(world)
    with watched(world.aws) as seen:
        items, pagination = read_page(
            make_call(world), LETTERS, Filtered(page=1_000_000, limit=1000), 7
        )
    assert (items, pagination.total, pagination.next_cursor, seen) == ([], 7, None, [])


@pytest.mark.parametrize("known", [True, False])
def test_empty_list_has_one_empty_page_or_none(world: World, known: bool) -> None:
    total = 0 if known else None
    items, pagination = read_page(make_call(world), LETTERS, Filtered(), total)
    assert (items, pagination.total, pagination.total_pages) == ([], 0, 0)


def test_list_without_a_next_page_generates_no_key(world: World) -> None:
    put_letters(world)
    stored: list[Any] = world.items()
    read(make_call(world), Filtered(limit=7))
    assert world.items() == stored


class Note(Answer):
    """An item with a text."""

    text: str


@settings(max_examples=20, deadline=None)
@given(letter=st.characters(codec="utf-8"), items=st.integers(1, 1000), length=st.integers(0, 8000))
def test_page_fits_into_an_answer_of_lambda_or_is_refused_with_a_limit_that_fits(
    letter: str, items: int, length: int
) -> None:
    def reply_with(limit: int) -> bytes:
        page = Page[Note](
            items=(Note(text=letter * length),) * limit, pagination=Pagination.of(1, limit, items)
        )
        return json.dumps(write_answer(page, 200, "*"), ensure_ascii=False).encode()

    refused: Invalid | None = None
    try:
        size = len(reply_with(items))
    except Invalid as error:
        refused = error
    if refused is None:
        assert size <= 6_291_556
        return
    assert refused.code == "page_too_large"
    fitting = re.search(r"pages of (\d+) items", refused.detail)
    assert fitting is not None
    assert len(reply_with(int(fitting[1]))) <= 6_291_556
