"""The shorthand of one value for an object."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, Field, TypeAdapter

from rollcall.kit.errors import Invalid
from rollcall.kit.http import GatewayEvent, read_request
from rollcall.kit.model import Model, Request, Time
from rollcall.kit.shorthand import Shorthand


class Colour(StrEnum):
    """The values of a text field."""

    RED = "red"
    GREEN = "green"


def refuse_green(colour: Colour) -> Colour:
    if colour is Colour.GREEN:
        raise ValueError("Not green.")
    return colour


class Paint(Request):
    """An object whose shorthand is its colour."""

    in_colour: Annotated[Colour, AfterValidator(refuse_green)]
    until: Time | None = None


class Order(Request):
    """A request with paints."""

    paints: Annotated[tuple[Annotated[Paint, Shorthand("in_colour")], ...], Field(max_length=9)]


def read(*paints: Any) -> tuple[Paint, ...]:
    """The request of an operation that was sent these paints."""
    event = GatewayEvent.model_validate({"body": json.dumps({"paints": paints})})
    return read_request(event, Order, has_body=True).paints


def test_shorthand_and_object_are_equal() -> None:
    plain, same, boxed = read(
        "red", {"inColour": "red"}, {"inColour": "red", "until": "2026-01-05T09:00:00Z"}
    )
    assert plain == same == Paint(in_colour=Colour.RED)
    assert boxed.until is not None


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ("blue", "paints.0", "enum"),
        ("green", "paints.0", "value_error"),
        (7, "paints.0", "model_type"),
        (None, "paints.0", "model_type"),
        ({}, "paints.0.inColour", "missing"),
        ({"inColour": "green"}, "paints.0.inColour", "value_error"),
        ({"inColour": "red", "until": "soon"}, "paints.0.until", "datetime_parsing"),
        ({"in_colour": "red", "inColour": "red"}, "paints.0.in_colour", "extra_forbidden"),
    ],
)
def test_error_names_the_field_that_was_sent(sent: Any, field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(sent)
    assert [(each.field, each.code) for each in refused.value.errors] == [(field, code)]


def test_document_shows_both_alternatives() -> None:
    schema = TypeAdapter(Order).json_schema()
    value, written_out = schema["properties"]["paints"]["items"]["oneOf"]
    assert (value["$ref"], written_out["$ref"]) == ("#/$defs/Colour", "#/$defs/Paint")


def test_what_was_read_can_be_written_again() -> None:
    class Kept(Model):
        order: Order

    kept = Kept(order=Order(paints=read("red")))
    assert kept.model_dump(mode="json", by_alias=True, exclude_none=True) == {
        "order": {"paints": [{"inColour": "red"}]}
    }
