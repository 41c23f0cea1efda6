"""Each invalid field has a plain error message (RFC 9457 section 3.1.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core._pydantic_core import list_all_errors

from rollcall.kit.error_messages import OTHERWISE, TextPattern, write_message
from rollcall.kit.errors import FieldError, Invalid
from rollcall.kit.http import GatewayEvent, read_request
from rollcall.kit.model import Request
from rollcall.kit.operation import Operation
from rollcall_infra.catalog import read_catalog

RAW = re.compile(
    r"\b(Input|Tuple|String|List|Dictionary|Value|should|valid|parse|unable|pattern|instance"
    r"|validation|schema|attribute|None|True|False|python|datetime)\b|\d\.0\b"
)
"""Words of pydantic's messages, which ours do not use."""
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**40, "", " ", "x", "ä ö", "x" * 5000, "2030-01-01", "2030-13-01",
    "2030-01-01T00:00:00", "2030-01-01T00:00:00+99:00", [], ["x"], [None], [{}], [["x"]],
    ["x"] * 2000, [{"userId": 1, "x": 2}], {}, {"x": 1}, {"x": {}}, {"avatarUrl": "x", "bio": 1},
    {"birthDate": "2030-01-01T10:00:00Z", "country": "ABC", "timezone": "?", "locale": "?"},
    [{"groupId": "", "organizationId": 1, "roleId": [], "permission": "x", "role": "x"}],
    [{"userId": "u", "role": 5, "startsAt": 5, "endsAt": "x"}],
)  # fmt: skip
QUERIES = (
    "", "x", "-1", "0", "1.5", "1e300", "9" * 5000, "9" * 400, "2030-13-01", "?", "A" * 5000,
    "0001-01-01", "9999-12-31",
)  # fmt: skip


@pytest.mark.parametrize("known", list_all_errors(), ids=lambda each: each["type"])
def test_no_message_uses_words_of_pydantic(known: Any) -> None:
    for raw in (known["message_template_python"], known.get("message_template_json", "")):
        error: Any = {"type": known["type"], "msg": raw, "ctx": known.get("example_context") or {}}
        if known["type"] == "value_error":
            error["ctx"] = {"error": ValueError("grp_1 can be named only once.")}
        sentence = write_message(error)
        assert sentence.endswith(".")
        assert not RAW.search(sentence)
        assert "{" not in sentence


def refusals(operation: Operation[Any, Any]) -> Iterator[FieldError]:
    """The errors of an operation for invalid values of each field of its request."""
    for field in operation.request_model.model_fields.values():
        name = str(field.alias)
        events = (
            [GatewayEvent(body=json.dumps({name: each})) for each in JUNK]
            if operation.has_body
            else [
                GatewayEvent(multi_value_query_string_parameters={name: values})
                for values in (*([each] for each in QUERIES), ["x", "y"], ["x"] * 2000)
            ]
        )
        for event in events:
            try:
                read_request(event, operation.request_model, has_body=operation.has_body)
            except Invalid as refused:
                yield from refused.errors


def test_limits_are_written_as_requests_write_them() -> None:
    class Limited(Request):
        day: Annotated[date, Field(ge=date(1970, 1, 1))] = date(2026, 1, 1)
        share: Annotated[float, Field(le=1e15)] = 0.0
        ratio: Annotated[float, Field(lt=0.5)] = 0.0

    query = {"day": ["1969-12-31"], "share": ["1e16"], "ratio": ["0.5"]}
    sent = GatewayEvent.model_validate({"multiValueQueryStringParameters": query})
    with pytest.raises(Invalid) as refused:
        read_request(sent, Limited, has_body=False)
    assert [each.message for each in refused.value.errors] == [
        "This must be at least 1970-01-01.",
        "This must be at most 1000000000000000.",
        "This must be less than 0.5.",
    ]


@pytest.mark.parametrize("operation", read_catalog().operations, ids=lambda each: each.name)
def test_every_invalid_field_of_every_request_has_its_own_message(
    operation: Operation[Any, Any],
) -> None:
    for error in set(refusals(operation)):
        assert error.message.endswith("."), error
        assert error.message != OTHERWISE, error
        assert not RAW.search(error.message), error
        assert error.field, error


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (
            Annotated[str, TextPattern(r"^[a-z]{2}$", "Write two letters.")],
            "x1",
            "Write two letters.",
        ),
        (
            Annotated[str, TextPattern(r"^[a-z]{2}$", "Write two letters.")],
            "xx\n",
            "Write two letters.",
        ),
        (Annotated[str, TextPattern(r"^[a-z]{2}$", "Write two letters.")], 5, "This must be text."),
    ],
)
def test_text_that_does_not_match_the_pattern_is_refused_with_its_message(
    kind: Any, value: object, sentence: str
) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    with pytest.raises(ValidationError) as refused:
        adapter.validate_python(value)
    assert write_message(refused.value.errors()[0]) == sentence
    assert adapter.validate_python("xx") == "xx"
    assert adapter.json_schema() == {"type": "string", "pattern": "^[a-z]{2}$"}
