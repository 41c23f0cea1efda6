"""Ids and slugs, single and in lists."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rollcall.kit.field_types import Id, Ids, Slugs, has_prefix


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Id, ""),
        (Id, "x" * 201),
        (Ids, [f"grp_{number}" for number in range(51)]),
        (Slugs, ["Not A Slug"]),
        (Slugs, ["1st"]),
        (Annotated[Id, has_prefix("grp_")], "Editors"),
    ],
)
def test_text_that_is_too_long_or_does_not_match_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_repeated_ids_count_once_and_keep_their_order() -> None:
    assert TypeAdapter(Ids).validate_python(["b_1", "a_1", "b_1"]) == ("b_1", "a_1")
