"""User-entered text: normalized, and without invisible characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field


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


def written_as(check: Callable[[str], str]) -> BeforeValidator:
    """Normalize text before its length is checked: NFC can lengthen it, and stored text must pass
    the same check when it is read.
    """
    return BeforeValidator(lambda value: check(value) if isinstance(value, str) else value)


Line = Annotated[str, Field(max_length=200), written_as(check_line)]
Text = Annotated[str, Field(max_length=2000), written_as(check_text)]
