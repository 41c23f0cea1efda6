"""User-entered text: normalized, and without invisible characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

COMPOSED_OF = 4
"""The most code points that NFC composes to a single one (Unicode normalization FAQ: U+1F82)."""

JOINERS = "\u200c\u200d"
"""They choose the form of the letters beside them, as in Persian and in the languages of India, and
join emoji (The Unicode Standard, section 23.2)."""
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""They choose a variant of the character before them (Variation_Selector of PropList.txt)."""
_BLANK = re.compile(
    # Default_Ignorable_Code_Point of DerivedCoreProperties.txt, without selectors and category Cf.
    "[\u034f\u115f\u1160\u17b4\u17b5\u2065\u3164\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    # Glyphs without a mark: the empty Braille pattern, the Khitan filler, the null notehead.
    "\u2800\U00016fe4\U0001d159]"
)
_SELECTOR = re.compile(f"[{_SELECTORS}]")
_UNSEEN = re.compile(f"[{JOINERS}{_SELECTORS}]")
_VIRAMA = 9
"""The combining class of the sign that joins consonants of Indic scripts."""


def check_line(value: str) -> str:
    """One line of text in NFC. Raises ValueError for characters that control, format or show
    nothing, because they can hide or forge text in lists, mails and logs. Joiners and variation
    selectors are accepted where they have an effect.
    """
    line = unicodedata.normalize("NFC", value.strip())
    if not line:
        raise ValueError("This cannot be empty.")
    if _BLANK.search(line) or not all(map(_is_visible, " " + line, line, line[1:] + " ")):
        raise ValueError("This cannot contain control or invisible characters.")
    if not any(unicodedata.category(each)[0] in "LNPS" for each in line):
        raise ValueError("This needs a letter, a digit or a symbol.")
    return line


def _is_visible(before: str, character: str, after: str) -> bool:
    """Whether a character is seen, or changes how those beside it are seen."""
    if character in JOINERS:
        joined = unicodedata.category(before)[0] in "LMNS"
        ends = unicodedata.combining(before) == _VIRAMA  # it then shapes the letter before it alone
        return joined and (ends or unicodedata.category(after)[0] in "LMNS")
    if _SELECTOR.match(character):
        return unicodedata.category(before)[0] in "LNPS"
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def name_key(name: str) -> str:
    """The form in which unique names are compared: in any case (The Unicode Standard, D145), with
    one space for each run of spaces of any width, and without joiners and variation selectors.
    """
    return " ".join(fold(_UNSEEN.sub("", name)).split())


def fold(text: str) -> str:
    """The form in which texts are compared: with full case folding, which makes ``ß`` equal to
    ``ss`` (The Unicode Standard, D145), and in NFC.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def without_invisible(text: str) -> str:
    """The text without joiners, variation selectors and characters that show nothing."""
    return text if text.isascii() else _BLANK.sub("", _UNSEEN.sub("", text))


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
