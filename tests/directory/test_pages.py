"""A page of users is a slice of the sorted list of all users (U2, I19)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rollcall.directory.collation import sort_keys
from rollcall.directory.columns import find_column, sortable_columns
from rollcall.directory.conditions import KnownFacts, compile_condition
from rollcall.directory.database import Database
from rollcall.directory.filters import without_deleted
from rollcall.directory.pages import DirectoryPage, DirectoryRequest, read_users_page
from rollcall.directory.rows import StoredRow
from rollcall.kit.call import Call
from rollcall.kit.errors import Malformed
from tests.directory.population import make_row, open_database
from tests.world.opening import open_world

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ROWS = 1500
COLUMNS = [each.name for each in sortable_columns()]


def make_rows() -> list[StoredRow]:
    """Users with many equal and many absent values."""
    chance = random.Random(7)  # noqa: S311 (the same users each time)
    names = ["Åsa", "asa", "Bo", "Émile", "Zoë", "Zoe", None]
    made = []
    for number in range(ROWS):
        name = chance.choice(names)
        made.append(
            make_row(
                f"usr_{chance.getrandbits(32):08x}{number:04}",
                name=name and f"{name} {chance.randrange(9)}",
                email=chance.choice([None, f"{chance.randrange(500)}@example.com"]),
                username=f"user{chance.randrange(300)}",
                status=chance.choice(["active", "active", "inactive", "invited"]),
                group_count=chance.randrange(3),
                workspace_count=chance.randrange(50),
                created_at=NOW - timedelta(minutes=chance.randrange(2000)),
                last_login_at=chance.choice([None, NOW - timedelta(days=chance.randrange(400))]),
            )
        )
    return made


@cache
def population() -> tuple[Database, list[StoredRow]]:
    rows = make_rows()
    return open_database(rows), rows


@pytest.fixture(scope="module")
def call() -> Iterator[Call]:
    with open_world() as world:
        yield world.call()


def read(call: Call, database: Database, **asked: Any) -> DirectoryPage:
    request = DirectoryRequest.model_validate(asked)
    expression = without_deleted(request.expression(NOW))
    condition = compile_condition(expression, KnownFacts({}, NOW))
    return read_users_page(call, database, condition, request)


@cache
def key_of(name: str) -> str:
    """The sort key of a name, computed once for all examples."""
    return sort_keys([name])[0]


def in_order(rows: list[StoredRow], column: str, order: str) -> list[str]:
    """The ids in the requested order, computed by sorting all users."""
    found = find_column(column)
    assert found is not None

    def value(row: StoredRow) -> Any:
        if column == "name":
            return row.name and key_of(row.name)
        return row.model_dump(mode="json", by_alias=True)[column]

    descending = order == "desc"
    present = [row for row in rows if value(row) is not None]
    absent = [row for row in rows if value(row) is None]
    present.sort(key=lambda row: (value(row), row.id), reverse=descending)
    absent.sort(key=lambda row: row.id, reverse=descending)
    return [row.id for row in (*present, *absent)]


@settings(max_examples=150)
@given(
    st.sampled_from(COLUMNS),
    st.sampled_from(["asc", "desc"]),
    st.tuples(st.sampled_from([1, 7, 25, 300, 1000]), st.integers(1, 70)),
    st.sampled_from([None, "active", "suspended"]),
)
def test_page_is_a_slice_of_the_whole_list(
    call: Call, column: str, order: str, piece: tuple[int, int], status: str | None
) -> None:
    database, rows = population()
    limit, page = piece
    asked = [row for row in rows if status in (None, row.status)]
    expected = in_order(asked, column, order)

    answer = read(
        call,
        database,
        sortBy=column,
        sortOrder=order,
        limit=limit,
        page=page,
        **({"status": status} if status else {}),
    )

    start = (page - 1) * limit
    assert [each.id for each in answer.items] == expected[start : start + limit]
    assert answer.pagination.total == len(expected)
    assert answer.pagination.total_pages == -(-len(expected) // limit)
    assert bool(answer.pagination.next_cursor) == (start + limit < len(expected))


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("column", COLUMNS)
def test_cursors_return_each_user_once(call: Call, column: str, order: str) -> None:
    database, rows = population()
    assert list(walk(call, database, sortBy=column, sortOrder=order, limit=97)) == in_order(
        rows, column, order
    )


def walk(call: Call, database: Database, **asked: Any) -> Iterator[str]:
    cursor: dict[str, str] = {}
    while True:
        page = read(call, database, **asked, **cursor)
        yield from (each.id for each in page.items)
        if not page.pagination.next_cursor:
            return
        cursor = {"cursor": page.pagination.next_cursor}


def test_pagination_returns_all_remaining_users_while_others_change(call: Call) -> None:
    rows = make_rows()
    database = open_database(rows)
    chance = random.Random(1)  # noqa: S311 (the same changes each time)
    staying, changing = rows[:900], rows[900:]
    met: list[str] = []
    for met_id in walk(call, database, sortBy="email", limit=50):
        met.append(met_id)
        if len(met) % 50 == 0:
            gone, moved = chance.sample(changing, 2)
            moved = moved.model_copy(update={"email": f"{chance.randrange(500)}@example.com"})
            new = make_row(f"usr_new{len(met)}", email=f"{chance.randrange(500)}@example.com")
            database.replace({gone.id: None, moved.id: moved, new.id: new})

    stayed = {row.id for row in staying}
    assert [each for each in met if each in stayed] == in_order(staying, "email", "asc")


def test_cursor_remains_valid_after_a_snapshot_with_other_buckets(call: Call) -> None:
    database, rows = population()
    first = read(call, database, sortBy="name", limit=600)
    fewer = open_database(rows[:1200])

    rest = read(
        call, fewer, sortBy="name", limit=600, cursor=str(first.pagination.next_cursor)
    ).items

    expected = in_order(rows[:1200], "name", "asc")
    seen = {each.id for each in first.items}
    assert [each.id for each in rest] == [each for each in expected if each not in seen][:600]


@pytest.mark.parametrize(
    "changed",
    [
        {"sortBy": "email"},
        {"sortOrder": "desc"},
        {"limit": 6},
        {"status": "active"},
        {"search": "bo"},
    ],
)
def test_cursor_is_bound_to_its_list(call: Call, changed: dict[str, Any]) -> None:
    database, _ = population()
    asked = {"sortBy": "name", "limit": 5}
    cursor = read(call, database, **asked).pagination.next_cursor

    with pytest.raises(Malformed) as refused:
        read(call, database, **{**asked, **changed}, cursor=cursor)

    assert refused.value.code == "cursor_invalid"


@pytest.mark.parametrize(
    ("column", "expected"), [("createdAt", "desc"), ("lastLoginAt", "desc"), ("name", "asc")]
)
def test_times_are_listed_latest_first_and_all_else_ascending(
    call: Call, column: str, expected: str
) -> None:
    database, rows = population()
    answer = read(call, database, sortBy=column, limit=20)
    assert [each.id for each in answer.items] == in_order(rows, column, expected)[:20]


def test_order_can_be_spelled_as_a_parameter(call: Call) -> None:
    database, rows = population()
    answer = read(call, database, sort_by="last_login_at", sort_order="ASC", limit=20)
    assert [each.id for each in answer.items] == in_order(rows, "lastLoginAt", "asc")[:20]


def test_similar_column_to_sort_by_is_named() -> None:
    with pytest.raises(ValidationError, match=r"Did you mean createdAt\?"):
        DirectoryRequest.model_validate({"sortBy": "createdOn"}, by_name=False)


def test_empty_directory_has_an_empty_page(call: Call) -> None:
    answer = read(call, open_database([]), page=3)
    assert (answer.items, answer.pagination.total, answer.pagination.total_pages) == ((), 0, 0)
