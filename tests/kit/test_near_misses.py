"""Names that are nearly right are recognized, in every request."""

from __future__ import annotations

import pytest
from pydantic.alias_generators import to_snake

from rollcall.kit.model import Request, camel_case
from rollcall.kit.near_misses import (
    LONGEST,
    by_spelling,
    find_spelled,
    names_at,
    spelling,
    suggest,
    takes_many,
)
from rollcall_infra.catalog import read_catalog

MODELS = dict.fromkeys(operation.request_model for operation in read_catalog().operations)


@pytest.mark.parametrize("model", MODELS, ids=lambda each: each.__name__)
def test_fields_of_a_request_differ_in_spelling(model: type[Request]) -> None:
    names = names_at(model, ())
    assert len(by_spelling(names)) == len(names)
    for name in names:
        assert {spelling(to_snake(name)), spelling(camel_case(to_snake(name)))} == {spelling(name)}


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("isAdmin", "is_admin"),
        ("is_admin", "isAdmin"),
        ("IsAdmin", "is_admin"),
        ("emial", "email"),
        ("usr_types", "userTypes"),
        ("temporaryPasword", "temporaryPassword"),
    ],
)
def test_similar_name_is_suggested(given: str, known: str) -> None:
    assert suggest(given, ["name", known, "colour"]) == f"Did you mean {known}? "


@pytest.mark.parametrize(
    ("given", "found"),
    [("birth_date", "birthDate"), ("BIRTHDATE", "birthDate"), ("birthDay", None), ("", None)],
)
def test_name_is_found_in_any_spelling(given: str, found: str | None) -> None:
    assert find_spelled(given, ["name", "birthDate"]) == found


@pytest.mark.parametrize("given", ["", "zzz", "favouriteFood", None, 5, "email" * LONGEST])
def test_nothing_is_suggested_for_other_names(given: object) -> None:
    assert suggest(given, ["name", "email", "userTypes"]) == ""


class Place(Request):
    """An inner object."""

    street_name: str = ""


class House(Request):
    """A request with inner objects."""

    main: Place | None = None
    others: tuple[Place, ...] = ()
    tags: list[str] | None = None
    floors: int = 1


def test_names_are_those_of_the_object_at_the_location() -> None:
    assert names_at(House, ()) == ["main", "others", "tags", "floors"]
    assert names_at(House, ("main",)) == names_at(House, ("others", 3)) == ["streetName"]


def test_only_lists_take_several_values() -> None:
    taking = {name for name, each in House.model_fields.items() if takes_many(each.annotation)}
    assert taking == {"others", "tags"}
