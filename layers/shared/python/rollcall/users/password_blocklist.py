"""Common passwords, which attackers guess first (NIST SP 800-63B, section
"Password Verifiers": a blocklist).

The list is Django's: the 20,000 most frequent passwords in breaches.
``rollcall_infra.password_blocklist`` updates it, ``password_blocklist.LICENSE`` is its license. It
is read when a password is set.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from string import digits, punctuation

LIST = Path(__file__).with_name("password_blocklist.txt.gz")
FREQUENT = 3_000
"""How many of the most frequent ones are common with anything but letters around them too. Rarer
ones are parts of many good passwords.
"""
GZIP = 16 + zlib.MAX_WBITS
"""zlib's option for the format of gzip."""


def is_common(password: str, product: str = "") -> bool:
    """Whether a password is common, in any case: it is on the list, also without the symbols at its
    ends; or without the digits and symbols at its ends it is one of the FREQUENT passwords or the
    product's name. The policy demands digits and symbols, and people add them: ``Password1!``.
    """
    lower = password.lower()
    listed, frequent = _read()
    bare = lower.strip(punctuation + " ")
    letters = bare.strip(digits + punctuation + " ")
    name = "".join(each for each in product.lower() if each.isalnum())
    if lower in listed or bare in listed or letters in frequent:
        return True
    return bool(name) and letters.replace(" ", "") == name


@cache
def _read() -> tuple[frozenset[str], frozenset[str]]:
    """The listed passwords, and the FREQUENT ones."""
    words = zlib.decompress(LIST.read_bytes(), GZIP).decode().split("\n")
    return frozenset(words), frozenset(words[:FREQUENT])
