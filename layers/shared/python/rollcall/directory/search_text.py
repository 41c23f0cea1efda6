"""Text as searches compare it: by its base letters, as at the primary strength of UTS #10.

Case, accents, width and invisible characters do not count. A letter without a decomposition that is
a variant of another one, such as ł, counts as that one. What is stored and what is asked are
converted by the same function.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from rollcall.kit.text import without_invisible
from rollcall.users.fields import show_domain

_APOSTROPHES = (
    "`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb"
    "\u2018\u2019\u201b\u2032\u2035\ua78c"
)
"""Characters that are typed for an apostrophe or look like one, as in Hawaiian names."""
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_BASES = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_HYPHENS, "-"),
    # Letters that names outside of their alphabet are written without (CLDR, Latin-ASCII).
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
    "ŋ": "n",
    "\u0131": "i",
    "\u0237": "j",
    "ĸ": "q",
    "\u0491": "\u0433",  # the Ukrainian ghe with upturn, and ghe
    "\u0640": "",  # the tatweel lengthens the Arabic letter before it
}
_WITH_STROKE_OR_HOOK = re.compile(r"LATIN SMALL LETTER ([A-Z]{1,2}) WITH ")
_KANA_OR_HEBREW = re.compile(r"(?:(HEBREW)|HIRAGANA|KATAKANA) LETTER (?:FINAL |SMALL )?(.+)")
_ACCENTS = frozenset((1, 7, 8, *range(10, 37), 107, 122, *range(200, 241)))
"""The combining classes of marks without a primary weight: overlays, nuktas, voicing marks, Hebrew
and Arabic points, tones of Thai and Lao, and accents. The others are vowels and viramas."""
_OF_PHONES = re.compile(r"[0-9+()./-]+")
_TRUNK_ZERO = "(0)"


def base_form(text: str) -> str:
    """The base letters of a text."""
    if text.isascii():
        return text.lower().replace("`", "'")
    composed = unicodedata.normalize("NFC", without_invisible(text))
    return unicodedata.normalize("NFC", "".join(map(_base_of, composed)))


@lru_cache(4096)
def _base_of(character: str) -> str:
    if character in _BASES:  # before it is decomposed: some become a space and an accent
        return _BASES[character]
    letters = unicodedata.normalize("NFKD", character)
    plain = "".join(each for each in letters if unicodedata.combining(each) not in _ACCENTS)
    return "".join(map(_letter_of, unicodedata.normalize("NFKD", plain.casefold())))


def _letter_of(character: str) -> str:
    """The base of a character in lower case that has no decomposition."""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character) == "Cf" or unicodedata.combining(character) in _ACCENTS:
        return ""
    name = unicodedata.name(character, "")
    if variant := _WITH_STROKE_OR_HOOK.match(name):
        return variant[1].lower()
    if form := _KANA_OR_HEBREW.fullmatch(name):
        # Small and final letters count as the others, and katakana as hiragana.
        return _look_up(f"{form[1] or 'HIRAGANA'} LETTER {form[2]}") or character
    return _BASES.get(character, character)


def _look_up(name: str) -> str:
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return ""


def join_searched(values: Iterable[str | None]) -> str:
    """The values of a user that a search covers: their base forms, one a line. An address with an
    internationalized domain has a line for each form of the domain.
    """
    spelled = dict.fromkeys(form for each in values if each for form in (each, show_domain(each)))
    return "\n".join(map(base_form, spelled))


class Sought(NamedTuple):
    """A part of what a search asks for. A user must have all of its words, or a phone number with
    the digits.
    """

    words: tuple[str, ...]
    digits: str = ""
    """Empty: the words are no part of a phone number."""


def read_search(text: str) -> Iterator[Sought]:
    """The parts of what a search asks for. Words of digits and of signs that are usual in phone
    numbers belong together. Of a phone number, a zero before the area code does not count, nor do
    the zeros before a country code.
    """
    for is_phone, found in groupby(base_form(text).split(), _is_of_phone):
        words = tuple(found)
        written = "".join(words).replace(_TRUNK_ZERO, "")
        digits = re.sub("[^0-9]", "", written).lstrip("0") if is_phone else ""
        if digits and (digits,) != words:
            yield Sought(words, digits)
        else:  # a word of digits alone is found in phone numbers as it is
            yield from (Sought((word,)) for word in words)


def _is_of_phone(word: str) -> bool:
    return _OF_PHONES.fullmatch(word) is not None
