"""The alphabetical order of some names, after the algorithm in UTS #10 and without any library.

The weights are those of DUCET (allkeys.txt), for the characters of this module only.
"""

from __future__ import annotations

import unicodedata

_IN_ORDER = (
    " _'\"\\%0123456789abcdefghijklmnopqrstuvwxyz"
    "\u03b1\u03b5\u03b7\u03b9\u03bb\u03bc\u03bd\u03bf\u03c0\u03c1\u03c3\u03c4\u03c5\u03c6"
)
"""The characters with a primary weight, in the order of these."""
_ACCENTS = {
    "\u0301": 0x24,
    "\u0306": 0x26,
    "\u0302": 0x27,
    "\u030c": 0x28,
    "\u030a": 0x29,
    "\u0308": 0x2B,
    "\u0307": 0x2E,
    "\u0338": 0x2F,
    "\u0327": 0x30,
    "\u0328": 0x31,
}
"""The secondary weights of accents."""
_FINAL_SIGMA, _SIGMA = "\u03c2", "\u03c3"
_EXPANDED = {
    "ß": "ss",
    "ø": "o\u0338",
    "Ø": "O\u0338",
    "ł": "l\u0338",
    "Ł": "L\u0338",
    _FINAL_SIGMA: _SIGMA,
}
"""Letters that have the weights of others."""
_OF_SHARP_S = 0x118
_COMMON = 0x20
_LOWER, _OTHER, _UPPER = 2, 4, 8

type Key = tuple[list[int], list[int], list[int]]


def collate(name: str) -> Key:
    """The sort key of a name: the weights of all its letters, then of its accents, then of case."""
    primary: list[int] = []
    secondary: list[int] = []
    tertiary: list[int] = []
    for character in unicodedata.normalize("NFC", name):
        for place, part in enumerate(unicodedata.normalize("NFD", _expand(character))):
            if part in _ACCENTS:
                secondary.append(_ACCENTS[part])
                tertiary.append(_LOWER)
                continue
            if character == "ß" and place == 1:
                secondary.append(_OF_SHARP_S)
                tertiary.append(_OTHER)
            primary.append(1 + _IN_ORDER.index(part.lower()))
            secondary.append(_COMMON)
            tertiary.append(_case_of(character, part))
    return primary, secondary, tertiary


def _expand(character: str) -> str:
    return _EXPANDED.get(character, character)


def _case_of(character: str, part: str) -> int:
    if character in {"ß", _FINAL_SIGMA}:
        return _OTHER
    return _UPPER if part.isupper() else _LOWER
