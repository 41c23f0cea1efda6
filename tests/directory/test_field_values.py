"""Values that contain a text, against those found without SQL."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rollcall.directory.columns import find_column
from rollcall.directory.conditions import Condition
from rollcall.directory.database import Database
from rollcall.directory.field_values import (
    PERSONAL,
    FieldValuesRequest,
    find_values,
    suggested_columns,
)
from tests.directory.population import make_row, open_database
from tests.directory.questions import make_population

ALL = Condition("TRUE")
POPULATION = make_population(200)
CITIES = ("Bonn", "Bad Bonn", "bonn", "Berlin", "Łódź", "50%", "a_b", "Zürich")


@pytest.fixture(scope="module")
def database() -> Database:
    return open_database(POPULATION)


@pytest.fixture(scope="module")
def cities() -> Database:
    """The first city has one user, the second one two, and so on."""
    places = [city for number, city in enumerate(CITIES) for _ in range(number + 1)]
    return open_database(make_row(f"usr_{n}", city=city) for n, city in enumerate(places))


def find(database: Database, field: str, q: str = "", **page: Any) -> list[tuple[str, int]]:
    """The values that are answered, with their users."""
    request = FieldValuesRequest(field=field, q=q, **page)
    return [(each.value, each.users) for each in find_values(database, ALL, request)[0]]


def test_values_that_begin_with_the_text_come_first_then_those_of_most_users(
    cities: Database,
) -> None:
    assert find(cities, "city", "BO") == [("bonn", 3), ("Bonn", 1), ("Bad Bonn", 2)]


def test_values_of_as_many_users_come_in_order() -> None:
    database = open_database(make_row(f"usr_{each}", city=each) for each in ("b", "c", "a"))

    assert find(database, "city") == [("a", 1), ("b", 1), ("c", 1)]


@pytest.mark.parametrize("q", ["", "o", "ł", "ZÜ", "%", "_", "?", "'", "{}", "nowhere"])
def test_text_is_found_literally_and_in_any_case(cities: Database, q: str) -> None:
    expected = {each for each in CITIES if q.lower() in each.lower()}

    assert {value for value, _ in find(cities, "city", q)} == expected


@pytest.mark.parametrize("q", ["zürich", "zu\u0308RICH", "zurich", "ZÜ", "Lodz", "łÓDŹ", "berlin"])
def test_value_is_found_in_any_normal_form_and_if_nothing_else_is_without_accents(
    cities: Database, q: str
) -> None:
    (found,) = find(cities, "city", q)
    assert found in {("Zürich", 8), ("Łódź", 5), ("Berlin", 4)}


@given(st.sampled_from(["expertise", "country", "status"]), st.text("SQLpythonŁÓDŹde%", max_size=3))
def test_field_values_are_those_of_the_users(database: Database, field: str, q: str) -> None:
    kept = [getattr(row, field) for row in POPULATION]
    values = [
        value for each in kept if each for value in ([each] if isinstance(each, str) else each)
    ]
    found = Counter(value for value in values if q.lower() in value.lower())
    if not found:
        return  # accents do not count then

    assert dict(find(database, field, q, limit=1000)) == found


def test_pages_of_values_have_the_exact_total(cities: Database) -> None:
    def ask(page: int) -> tuple[list[str], int, int]:
        request = FieldValuesRequest(field="city", page=page, limit=3)
        values, pagination = find_values(cities, ALL, request)
        return [each.value for each in values], pagination.total, pagination.total_pages

    pages = [ask(page) for page in (1, 2, 3, 4)]

    assert [value for values, _, _ in pages for value in values] == list(reversed(CITIES))
    assert {(total, number) for _, total, number in pages} == {(8, 3)}
    assert pages[3][0] == []


def test_what_identifies_one_person_is_not_suggested() -> None:
    assert not suggested_columns().keys() & (PERSONAL | {"roles", "groups", "organizations"})
    assert all(find_column(each) for each in PERSONAL)
    assert {"status", "expertise", "designation", "userTypes"} <= suggested_columns().keys()


@pytest.mark.parametrize("field", ["email", "groups", "createdAt", "searchText", "city; --"])
def test_other_fields_are_refused_with_those_that_there_are(field: str) -> None:
    with pytest.raises(ValidationError, match="Use one of status, userTypes"):
        FieldValuesRequest(field=field)


@pytest.mark.parametrize("field", ["userTypes", "user_types", "USERTYPES"])
def test_field_can_be_spelled_as_a_parameter(field: str) -> None:
    assert FieldValuesRequest(field=field).field == "userTypes"


def test_similar_field_is_named() -> None:
    with pytest.raises(ValidationError, match=r"Did you mean designation\?"):
        FieldValuesRequest(field="desgnation")
