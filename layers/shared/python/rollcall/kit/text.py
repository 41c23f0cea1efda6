"""User-entered text: normalized, and without invisible characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

COMPOSED_OF = 4
"""The most code points that NFC composes to a single one (Unicode normalization FAQ: U+1F82)."""


def check_line(value: str) -> str:
    """One line of text in NFC. Raises ValueError for control and format characters, because they
    can hide or forge text in lists, mails and logs.
    """
    line = unicodedata.normalize("NFC", value.strip())
    if not line:
        raise ValueError("This cannot be empty.")
    if any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for each in line):
        raise ValueError("This cannot contain control or invisible characters.")
    return line


def check_text(value: str) -> str:
    """Text of several lines, otherwise as :func:`check_line`."""
    lines = (check_line(line) if line.strip() else "" for line in value.splitlines())
    return "\n".join(lines).strip("\n")


def written_as(check: Callable[[str], str], at_most: int) -> BeforeValidator:
    """Normalize text before its length is checked, because NFC changes the length. Text that cannot
    have ``at_most`` code points after NFC is refused before: the time that NFC takes grows with the
    square of the number of combining marks.
    """

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        if len(value) > COMPOSED_OF * at_most:
            raise PydanticKnownError("string_too_long", {"max_length": at_most})
        return check(value)

    return BeforeValidator(read)


Line = Annotated[str, Field(max_length=200), written_as(check_line, 200)]
Text = Annotated[str, Field(max_length=2000), written_as(check_text, 2000)]
