"""Lists against a plain evaluator: random filters, searches, orders and pages, each text in another
normal form and case (I24).

The evaluator judges each user without SQL, and sorts names by the weights of UTS #10 itself. The
number of questions is fixed; ROLLCALL_LIST_QUESTIONS sets another one.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.directory.conditions import compile_condition
from rollcall.directory.database import Database
from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    TextSearch,
    ValuePath,
)
from rollcall.directory.filters import without_deleted
from rollcall.directory.pages import DirectoryPage, DirectoryRequest, read_users_page
from rollcall.directory.rows import StoredRow
from rollcall.directory.scim_filter import LENGTH_AT_MOST, write_filter
from rollcall.kit.call import Call
from rollcall.users.statuses import Status
from tests.directory.alphabet import collate
from tests.directory.population import ALL_KNOWN, NOW, open_database
from tests.directory.questions import (
    EXPRESSIONS,
    ORDERS,
    SKILLS,
    TEXTS,
    holds,
    in_one_case,
    make_population,
)
from tests.world.opening import open_world

QUESTIONS = int(os.environ.get("ROLLCALL_LIST_QUESTIONS", "150"))
USERS = 700
"""More than a bucket holds."""
SPELLINGS: Sequence[Callable[[str], str]] = (
    str,
    str.upper,
    str.lower,
    str.swapcase,
    str.casefold,
    lambda text: unicodedata.normalize("NFC", text),
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: unicodedata.normalize("NFD", text.upper()),
    lambda text: unicodedata.normalize("NFD", text.casefold()),
)
"""Ways to write a text that mean the same."""
AS_WRITTEN = {"lastloginat", "birthdate", "id", "groups", "groups.value"}
"""Attributes whose values are no texts in any case."""


class Question(NamedTuple):
    """What is asked of a list, and what it means."""

    parameters: Mapping[str, str]
    meant: Expression | None


@cache
def population() -> tuple[Database, list[StoredRow]]:
    rows = make_population(USERS)
    return open_database(rows), rows


@pytest.fixture(scope="module")
def call() -> Iterator[Call]:
    with open_world() as world:
        yield world.call()


def respell(expression: Expression, spellings: Iterator[Callable[[str], str]]) -> Expression:
    """The same expression with its texts written in other ways."""
    match expression:
        case And(operands) | Or(operands):
            return type(expression)(tuple(respell(each, spellings) for each in operands))
        case Not(operand):
            return Not(respell(operand, spellings))
        case ValuePath(path, condition):
            return (
                expression if path == "groups" else ValuePath(path, respell(condition, spellings))
            )
        case Comparison(path, how, str(text)) if path.lower() not in AS_WRITTEN:
            return Comparison(path, how, next(spellings)(text))
        case _:
            return expression


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """A filter, a search and short parameters, any of which can be absent."""
    respelled = iter(lambda: draw(st.sampled_from(SPELLINGS)), None)
    asked: dict[str, str] = {}
    meant: list[Expression] = []
    if draw(st.booleans()):
        expression = draw(EXPRESSIONS)
        asked["filter"] = write_filter(respell(expression, respelled))
        meant.append(expression)
    if draw(st.booleans()):
        text = draw(st.sampled_from([each for each in (*TEXTS, "zoe", "strasse 1") if each]))
        asked["search"] = next(respelled)(text)
        meant.append(TextSearch(text))
    for name, values in {"city": TEXTS, "expertise": SKILLS, "country": ("DE", "FR")}.items():
        if draw(st.integers(0, 3)) == 0:
            value = draw(st.sampled_from([each for each in values if each]))
            asked[name] = next(respelled)(value)
            meant.append(Comparison(name, Operator.EQ, value))
    if draw(st.booleans()):
        status = draw(st.sampled_from(Status))
        asked["status"] = status
        meant.append(Comparison("status", Operator.EQ, status))
    return Question(asked, And(tuple(meant)) if len(meant) > 1 else next(iter(meant), None))


def select(rows: Sequence[StoredRow], meant: Expression | None) -> list[StoredRow]:
    """The users that are meant, without deleted ones unless the question is about deletion."""
    shown = without_deleted(meant)
    return [row for row in rows if holds(row, shown)]


SORTED: Mapping[str, Callable[[StoredRow], Any]] = {
    "name": lambda row: row.name and collate(row.name),
    "email": lambda row: row.email,
    "status": lambda row: row.status,
    "groupCount": lambda row: row.group_count,
    "createdAt": lambda row: row.created_at,
    "lastLoginAt": lambda row: row.last_login_at,
}


def sort(rows: Sequence[StoredRow], column: str, order: str) -> list[str]:
    """The ids in order. Users without a value come last; equal ones are ordered by their ids."""
    value = SORTED[column]
    present = [row for row in rows if value(row) is not None]
    absent = [row for row in rows if value(row) is None]
    present.sort(key=lambda row: (value(row), row.id), reverse=order == "desc")
    absent.sort(key=lambda row: row.id, reverse=order == "desc")
    return [row.id for row in (*present, *absent)]


def read(call: Call, asked: Mapping[str, Any]) -> DirectoryPage:
    request = DirectoryRequest.model_validate(asked)
    condition = compile_condition(without_deleted(request.expression(NOW)), ALL_KNOWN)
    return read_users_page(call, population()[0], condition, request)


@settings(max_examples=QUESTIONS)
@given(
    question=questions(),
    column=st.sampled_from(sorted(SORTED)),
    order=st.sampled_from(["asc", "desc"]),
    piece=st.tuples(st.sampled_from([1, 7, 100, 1000]), st.integers(1, 4)),
)
def test_page_of_a_list_is_that_of_the_evaluator(
    call: Call, question: Question, column: str, order: str, piece: tuple[int, int]
) -> None:
    limit, page = piece
    if len(question.parameters.get("filter", "")) > LENGTH_AT_MOST:
        return
    expected = sort(select(population()[1], question.meant), column, order)
    asked = {**question.parameters, "sortBy": column, "sortOrder": order, "limit": limit}

    answer = read(call, {**asked, "page": page})
    start = (page - 1) * limit
    assert [each.id for each in answer.items] == expected[start : start + limit]
    assert answer.pagination.total == len(expected)
    assert bool(answer.pagination.next_cursor) == (start + limit < len(expected))
    if answer.pagination.next_cursor:
        following = read(call, {**asked, "cursor": answer.pagination.next_cursor})
        start += limit
        assert [each.id for each in following.items] == expected[start : start + limit]


def test_questions_are_about_some_users_and_not_all() -> None:
    """The evaluator itself: it tells users apart, and knows the spellings of a text."""
    rows = population()[1]
    for text in TEXTS:
        for spelling in SPELLINGS:
            assert in_one_case(spelling(text)) == in_one_case(text)
    for how in ORDERS:
        found = select(rows, Comparison("name", how, "Jos\u00e9"))
        assert 0 < len(found) < len(rows)
    assert select(rows, TextSearch("jose")) == select(rows, TextSearch("JOSE\u0301")) != []
