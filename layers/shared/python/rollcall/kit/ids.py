"""Ids: a prefix for the kind, then a ULID in lower case. Ids are never reused."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta

# Crockford's base 32 in lower case: text order is time order (github.com/ulid/spec).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_LETTERS = 26
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id(prefix: str, now: datetime) -> str:
    """A new id such as ``usr_01jd…``: 48 bits of milliseconds, then 80 random bits."""
    return _write(prefix, now, secrets.randbits(_RANDOM_BITS))


def last_id(prefix: str, moment: datetime) -> str:
    """The upper bound of the ids created up to a time; every later id is greater."""
    return _write(prefix, moment, (1 << _RANDOM_BITS) - 1)


def derive_id(prefix: str, name: str) -> str:
    """The id derived from a name of another system: the same name always gives the same id, and no
    other name gives it.
    """
    digest = hashlib.sha256(name.encode()).digest()
    return _spell(prefix, int.from_bytes(digest) >> (8 * len(digest) - 5 * _LETTERS))


def is_id(prefix: str, text: str) -> bool:
    """Whether a text has the format of an id with this prefix."""
    return re.fullmatch(f"{prefix}_[{ALPHABET}]{{{_LETTERS}}}", text) is not None


def _write(prefix: str, moment: datetime, random: int) -> str:
    # Integer arithmetic: a float of seconds can round to the millisecond before.
    return _spell(prefix, ((moment - _EPOCH) // _MILLISECOND << _RANDOM_BITS) | random)


def _spell(prefix: str, number: int) -> str:
    shifts = range(5 * (_LETTERS - 1), -1, -5)
    return f"{prefix}_" + "".join(ALPHABET[(number >> shift) & 31] for shift in shifts)
