"""User-entered text is normalized and hides nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.kit.text import COMPOSED_OF, Line, Text, check_line, check_text

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@pytest.mark.parametrize("check", [check_line, check_text])
@given(value=st.text())
def test_no_control_or_invisible_character_survives(
    check: Callable[[str], str], value: str
) -> None:
    try:
        text = check(value)
    except ValueError:
        return
    assert not [each for each in text.replace("\n", "") if unicodedata.category(each) in HIDDEN]
    assert check is check_text or "\n" not in text


def test_accents_are_normalized() -> None:
    assert check_line(" Zoe\u0308 ") == "Zo\u00eb"


def test_length_is_that_of_what_is_stored() -> None:
    assert len(TypeAdapter(Line).validate_python("e\u0301" * 200)) == 200
    for too_long in ("x" * 201, "\u0958" * 150):  # the second is two characters each in NFC
        with pytest.raises(ValidationError):
            TypeAdapter(Line).validate_python(too_long)


@pytest.mark.parametrize(
    ("kind", "written", "stored"),
    [(Line, "\u1f82", 200), (Text, "\u1f82", 2000)],
)
def test_text_that_nfc_shortens_to_the_limit_is_accepted_and_a_longer_one_is_not(
    kind: Any, written: str, stored: int
) -> None:
    decomposed = unicodedata.normalize("NFD", written)
    assert len(decomposed) == COMPOSED_OF
    assert TypeAdapter(kind).validate_python(decomposed * stored) == written * stored
    with pytest.raises(ValidationError, match="at most"):
        TypeAdapter(kind).validate_python(decomposed * stored + "x")


@pytest.mark.parametrize(("kind", "at_most"), [(Line, 200), (Text, 2000)])
@given(
    marks=st.lists(st.characters(categories=["Mn"]), min_size=1, max_size=4),
    doublings=st.integers(min_value=0, max_value=16),
)
@example(marks=["\u0f71", "\u0f72"], doublings=16)
def test_no_long_text_reaches_the_normalization_whose_cost_is_quadratic(
    kind: Any, at_most: int, marks: list[str], doublings: int
) -> None:
    text, normalized = "".join(marks) * 2**doublings, []

    def count(form: Any, value: str) -> str:
        normalized.append(len(value))
        return normalize(form, value)

    normalize = unicodedata.normalize
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unicodedata, "normalize", count)
        with suppress(ValidationError):
            TypeAdapter(kind).validate_python(text)
    assert sum(normalized) <= COMPOSED_OF * at_most


def test_text_may_have_several_lines() -> None:
    assert TypeAdapter(Text).validate_python("\n one \n\n two \n") == "one\n\ntwo"
