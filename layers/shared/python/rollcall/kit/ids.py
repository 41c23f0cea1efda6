"""Identifiers: a prefix that names the kind, then a ULID in lower case. Never reused."""

from __future__ import annotations

import secrets
from datetime import datetime

# Crockford's base 32, lower-cased: text order is time order (github.com/ulid/spec).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str, now: datetime) -> str:
    """A new id such as ``usr_01jd…``: 48 bits of milliseconds, then 80 random bits."""
    number = (int(now.timestamp() * 1000) << 80) | secrets.randbits(80)
    return f"{prefix}_" + "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
