"""Identifiers: a prefix that names the kind, then a ULID in lower case. Never reused."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta

# Crockford's base 32, lower-cased: text order is time order (github.com/ulid/spec).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_LETTERS = 26
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id(prefix: str, now: datetime) -> str:
    """A new id such as ``usr_01jd…``: 48 bits of milliseconds, then 80 random bits."""
    return _write(prefix, now, secrets.randbits(_RANDOM_BITS))


def last_id(prefix: str, moment: datetime) -> str:
    """What no id that was made by then is greater than, and every later one is."""
    return _write(prefix, moment, (1 << _RANDOM_BITS) - 1)


def derive_id(prefix: str, name: str) -> str:
    """The id of what belongs to something that has another kind of name: always the same, and
    never that of anything else.
    """
    digest = hashlib.sha256(name.encode()).digest()
    return _spell(prefix, int.from_bytes(digest) >> (8 * len(digest) - 5 * _LETTERS))


def is_id(prefix: str, text: str) -> bool:
    """Whether a text has the form of ids of this kind."""
    return re.fullmatch(f"{prefix}_[{ALPHABET}]{{{_LETTERS}}}", text) is not None


def _write(prefix: str, moment: datetime, random: int) -> str:
    # In whole numbers: as a fraction of seconds, a millisecond may come out as the one before.
    return _spell(prefix, ((moment - _EPOCH) // _MILLISECOND << _RANDOM_BITS) | random)


def _spell(prefix: str, number: int) -> str:
    shifts = range(5 * (_LETTERS - 1), -1, -5)
    return f"{prefix}_" + "".join(ALPHABET[(number >> shift) & 31] for shift in shifts)
