"""Errors of fields name the field, what is wrong, and what was probably meant."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rollcall.kit.choices import Choice
from rollcall.kit.errors import FieldError, Invalid, Malformed
from rollcall.kit.field_errors import MAX_ERRORS, json_path, refuse, refuse_invalid
from rollcall.kit.model import Request


class Size(Choice):
    """A choice."""

    SMALL = "small"
    LARGE = "large"


class Shirt(Request):
    """An inner object."""

    size: Size = Size.SMALL


class Order(Request):
    """A request."""

    shirts: tuple[Shirt, ...] = ()
    ship_to: str = ""


def errors_of(body: str) -> dict[str, str]:
    with pytest.raises(ValidationError) as wrong:
        Order.model_validate_json(body, strict=True, by_name=False)
    with pytest.raises(Invalid) as refused:
        refuse_invalid(wrong.value, Order)
    return {each.field: each.message for each in refused.value.errors}


def test_unknown_field_names_the_similar_one_of_its_object() -> None:
    assert errors_of('{"ship_to": "", "shirts": [{"siez": "small"}], "colour": 1}') == {
        "ship_to": "Did you mean shipTo? This field does not exist.",
        "shirts.0.siez": "Did you mean size? This field does not exist.",
        "colour": "This field does not exist.",
    }


def test_unknown_value_names_the_similar_one_and_is_not_repeated() -> None:
    assert errors_of('{"shirts": [{"size": "larg"}, {"size": "secret"}]}') == {
        "shirts.0.size": "Did you mean large? This must be small or large.",
        "shirts.1.size": "This must be small or large.",
    }


def test_no_errors_are_no_refusal_and_their_number_is_limited() -> None:
    refuse([])
    many = "{" + ", ".join(f'"x{number}": 1' for number in range(3 * MAX_ERRORS)) + "}"
    assert len(errors_of(many)) == MAX_ERRORS


def test_detail_names_each_field_once() -> None:
    errors = [FieldError("a", "x", "y"), FieldError("a", "z", "y"), FieldError("", "x", "y")]
    with pytest.raises(Invalid, match=r"^Please correct: a, the request\.$"):
        refuse(errors)


def test_text_that_is_not_unicode_is_malformed() -> None:
    with pytest.raises(ValidationError) as wrong:
        Order.model_validate_json('{"shipTo": "\\ud800"}')
    with pytest.raises(Malformed):
        refuse_invalid(wrong.value, Order)


def test_path_is_readable_and_short() -> None:
    assert json_path(("roles", 0, "<object>", "roleId")) == "roles.0.roleId"
    assert len(json_path(("x" * 1000,))) == 100
