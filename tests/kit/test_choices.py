"""Enumerations in requests can be written in any case; what is stored is the canonical value."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from rollcall.kit.choices import ANY_CASE, Choice
from rollcall.kit.near_misses import parts_of
from rollcall_infra.catalog import read_catalog


class Colour(Choice):
    """A choice."""

    DARK_RED = "dark-red"


def choices_in(annotation: Any, seen: set[Any]) -> Iterator[type[StrEnum]]:
    """The enumerations in a type."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield annotation
    if (
        isinstance(annotation, type)
        and issubclass(annotation, BaseModel)
        and annotation not in seen
    ):
        seen.add(annotation)
        for field in annotation.model_fields.values():
            yield from choices_in(field.annotation, seen)
    for part in parts_of(annotation):
        yield from choices_in(part, seen)


REQUESTED = sorted(
    {
        found
        for operation in read_catalog().operations
        for found in choices_in(operation.request_model, set())
    },
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("choice", REQUESTED, ids=lambda each: each.__name__)
def test_every_enumeration_of_a_request_is_read_in_any_case(choice: type[StrEnum]) -> None:
    adapter = TypeAdapter(choice)
    for member in choice:
        for written in (member.value, member.value.upper(), member.value.title()):
            assert adapter.validate_json(f'"{written}"', strict=True) is member
            assert adapter.validate_python(written) is member


def test_enumerations_of_requests_are_found() -> None:
    assert {"Status", "Permission", "GroupRole", "Interval"} <= {
        each.__name__ for each in REQUESTED
    }


def test_other_values_are_refused() -> None:
    for wrong in ("red", "", "dark_red", 1, None):
        with pytest.raises(ValidationError):
            TypeAdapter(Colour).validate_python(wrong)


def test_literals_are_read_in_any_case() -> None:
    adapter: TypeAdapter[str] = TypeAdapter(Annotated[Literal["asc", "desc"], ANY_CASE])
    assert adapter.validate_python("ASC") == "asc"
    for wrong in ("up", 1):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)
