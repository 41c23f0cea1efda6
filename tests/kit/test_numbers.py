"""Numbers that DynamoDB cannot store are errors of their fields (Developer Guide, "Supported data
types": 38 digits, and absolute values from 1E-130 to 9.99…E+125).
"""

from __future__ import annotations

import json
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Underflow
from math import isinf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.lifecycle.replace_lifecycle_policy import ReplaceLifecyclePolicy
from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.errors import Invalid, Malformed
from rollcall.kit.http import GatewayEvent, read_request
from rollcall.kit.json_text import read_integer
from rollcall.kit.numbers import find_unstorable, is_storable
from rollcall.kit.operation import Operation
from rollcall_infra.catalog import read_catalog
from rollcall_infra.openapi import build_document

DYNAMODB = Context(
    Emin=-128,
    Emax=126,
    prec=38,
    traps=[Clamped, Overflow, Inexact, Underflow],
)
"""DynamoDB trims trailing zeros, so rounding these is no loss."""
INTEGERS = st.integers() | st.builds(
    lambda digits, zeros: digits * 10**zeros, st.integers(-(10**40), 10**40), st.integers(0, 200)
)
NUMBERS = INTEGERS | st.floats(allow_nan=False)
OUT_OF_RANGE = [
    "1" + "0" * 130,
    "-1" + "0" * 126,
    "1" * 39,
    "1e-200",
    "5e-324",
    "1e400",
    "9" * 9999,
]


@given(number=NUMBERS)
def test_storable_number_is_exact_in_dynamodb(number: float) -> None:
    if is_storable(number):
        text = to_attributes({"n": number})["n"]["N"]
        assert DYNAMODB.create_decimal(text) == Decimal(str(number))


@pytest.mark.parametrize(
    "number",
    [0, -0.0, 1e-128, -1e125, 9.99e125, 10**125, int("9" * 38), int("9" * 38) * 10**88, 0.1 + 0.2],
)
def test_numbers_up_to_the_documented_limits_are_storable(number: float) -> None:
    assert is_storable(number)


@pytest.mark.parametrize("text", OUT_OF_RANGE)
def test_numbers_beyond_the_limits_are_found_wherever_they_are(text: str) -> None:
    body = json.loads(f'{{"a": [1, {{"b": {text}}}], "c": true, "d": "1"}}', parse_int=read_integer)
    assert list(find_unstorable(body)) == [("a", 1, "b")]


def list_numbers(schema: Any, document: Any, name: str = "") -> list[tuple[str, Any]]:
    """The schemas of all numbers in a schema, with their paths."""
    while "$ref" in schema:
        if schema["$ref"] in name:
            return []
        name += f"<{schema['$ref']}>"
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = [(name, schema)] if schema.get("type") in {"integer", "number"} else []
    inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    inner += [schema[key] for key in ("items", "additionalProperties") if schema.get(key)]
    for each in inner:
        found += list_numbers(each, document, name) if isinstance(each, dict) else []
    for field, each in schema.get("properties", {}).items():
        found += list_numbers(each, document, f"{name}.{field}")
    return found


def test_every_number_of_every_request_has_bounds_in_the_api_document() -> None:
    document: Any = build_document(read_catalog().operations)
    numbers: list[tuple[str, Any]] = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = f"{method} {path} "
            for each in operation.get("parameters", ()):
                numbers += list_numbers(each["schema"], document, name + each["name"])
            for each in operation.get("requestBody", {}).get("content", {}).values():
                numbers += list_numbers(each["schema"], document, name)
    assert len(numbers) > 50
    for name, schema in numbers:
        assert schema.keys() & {"minimum", "exclusiveMinimum"}, name
        assert schema.keys() & {"maximum", "exclusiveMaximum"}, name


WITH_BODY = [each for each in read_catalog().operations if each.has_body]


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda each: each.name)
@pytest.mark.parametrize("text", OUT_OF_RANGE)
def test_no_field_of_a_body_can_have_such_a_number(
    operation: Operation[Any, Any], text: str
) -> None:
    for field in operation.request_model.model_fields.values():
        for value in (text, f"[{text}]", f'{{"x": {text}}}'):
            event = GatewayEvent.model_validate({"body": f'{{"{field.alias}": {value}}}'})
            with pytest.raises(Invalid) as refused:
                read_request(event, operation.request_model, has_body=True)
            (error,) = refused.value.errors
            assert error.code == "number_out_of_range"
            assert error.field.partition(".")[0] == field.alias


@given(number=NUMBERS)
def test_lifecycle_policy_has_only_storable_numbers(number: float) -> None:
    for name in ("stopAboveUsers", "stopAbovePercent", "stepsPerRun", "warnAfterDays"):
        body = json.dumps({name: number})
        try:
            request = read_request(
                GatewayEvent.model_validate({"body": body}), ReplaceLifecyclePolicy, has_body=True
            )
        except Invalid:
            continue
        except Malformed:
            assert isinf(number)  # JSON does not have Infinity
        else:
            assert not list(find_unstorable(json.loads(request.model_dump_json())))
