"""Generates and rotates the signing keys."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from rollcall.kit.cursor import CursorKey
from rollcall.kit.signing_key import SigningKey
from rollcall.kit.table import Table
from rollcall.kit.tokens import TokenKey

KINDS: tuple[type[SigningKey], ...] = (CursorKey, TokenKey)
ROTATED_AFTER = timedelta(days=30)
"""Much longer than what is signed with a key can still be read: a cursor for one day, the entry of
the journal that a link is mailed for until it leaves the dead-letter queue, after 7 days."""


def rotate_keys(keys: Table, now: datetime) -> int:
    """Generate the signing keys that do not exist, and replace those that are ROTATED_AFTER old.
    The replaced key is accepted until the next rotation. Returns the number of new keys.
    """
    return sum(_rotate(keys, kind, now) for kind in KINDS)


def _rotate(keys: Table, kind: type[SigningKey], now: datetime) -> bool:
    stored = keys.get_item(kind.key())
    new = {"secret": secrets.token_hex(32), "madeAt": int(now.timestamp())}
    if stored is None:
        return keys.put_once({**kind.key()._asdict(), **new})
    if stored["madeAt"] > (now - ROTATED_AFTER).timestamp():
        return False
    held = stored["secret"]
    return keys.update_unversioned(kind.key(), {**new, "previous": held}, when={"secret": held})
