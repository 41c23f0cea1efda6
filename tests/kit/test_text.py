"""User-entered text is normalized and hides nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollcall.kit.text import Line, Text, check_line, check_text

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


def test_text_may_have_several_lines() -> None:
    assert TypeAdapter(Text).validate_python("\n one \n\n two \n") == "one\n\ntwo"
