"""Values survive the conversion to attribute values and back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.attribute_values import from_attributes, to_attributes

# DynamoDB stores 38 significant digits.
NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1) | st.decimals(-(10**9), 10**9, places=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ITEMS = st.dictionaries(st.text(min_size=1), VALUES, max_size=5)


@given(ITEMS)
def test_an_item_comes_back_as_it_was_stored(item: dict[str, Any]) -> None:
    assert from_attributes(to_attributes(item)) == item


@given(ITEMS)
def test_items_are_converted_as_by_boto3(item: dict[str, Any]) -> None:
    attributes = {name: TypeSerializer().serialize(value) for name, value in item.items()}
    assert to_attributes(item) == attributes
    plain = {name: TypeDeserializer().deserialize(value) for name, value in attributes.items()}
    assert from_attributes(attributes) == plain


def test_whole_numbers_are_read_as_int_and_fractions_as_decimal() -> None:
    item = from_attributes({"version": {"N": "-7"}, "share": {"N": "0.5"}})
    assert item == {"version": -7, "share": Decimal("0.5")}
    assert [type(value) for value in item.values()] == [int, Decimal]


@given(
    st.floats(-1e15, 1e15, allow_subnormal=False).filter(
        lambda each: each == 0 or abs(each) > 1e-100
    )
)
def test_floats_come_back_as_they_were(number: float) -> None:
    assert float(from_attributes(to_attributes({"share": number}))["share"]) == number


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {"a", "set"}, object()])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot store the type"):
        to_attributes({"field": value})


def test_attribute_types_that_are_never_written_are_refused() -> None:
    with pytest.raises(TypeError, match="does not use the attribute type SS"):
        from_attributes({"tags": {"SS": ["a"]}})
