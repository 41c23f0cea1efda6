"""Identifiers: a prefix that names the kind, then a ULID in lower case. Never reused."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

# Crockford's base 32, lower-cased: text order is time order (github.com/ulid/spec).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id(prefix: str, now: datetime) -> str:
    """A new id such as ``usr_01jd…``: 48 bits of milliseconds, then 80 random bits."""
    return _write(prefix, now, secrets.randbits(_RANDOM_BITS))


def last_id(prefix: str, moment: datetime) -> str:
    """What no id that was made by then is greater than, and every later one is."""
    return _write(prefix, moment, (1 << _RANDOM_BITS) - 1)


def _write(prefix: str, moment: datetime, random: int) -> str:
    # In whole numbers: as a fraction of seconds, a millisecond may come out as the one before.
    number = ((moment - _EPOCH) // _MILLISECOND << _RANDOM_BITS) | random
    return f"{prefix}_" + "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
