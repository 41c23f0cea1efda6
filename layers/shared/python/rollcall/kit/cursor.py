"""Cursors: where a walk through a list goes on, signed, and bound to the walker and the list
(I19).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from rollcall.kit.entity import Item
from rollcall.kit.errors import Malformed
from rollcall.kit.signing_key import SigningKey
from rollcall.kit.table import Table

VALID = timedelta(days=1)
_MAC_BYTES = 16


class Position(NamedTuple):
    """Where a walk stands: the page that comes next, and the key of the item before it."""

    page: int
    after: Item


class Cursors:
    """Signs positions and reads them back."""

    partition: ClassVar[str] = "CURSOR_KEY"

    def __init__(self, table: Table) -> None:
        self._key = SigningKey(table, self.partition)

    def write(self, position: Position, bound: str, now: datetime) -> str:
        """A cursor for this position in the list that ``bound`` names, for its walker alone."""
        ends = int((now + VALID).timestamp())
        parts = [ends, position.page, position.after]
        content = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
        return _write(self._sign(content, bound) + content)

    def read(self, cursor: str, bound: str, now: datetime) -> Position:
        """The position. Raises Malformed for a cursor that was altered, is over, or was made for
        another caller or another list.
        """
        raw = _read(cursor)
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._sign(content, bound)):
            raise Malformed("cursor_invalid", "This cursor is not one of this list.")
        ends, page, after = json.loads(content)
        if now.timestamp() > ends:
            raise Malformed("cursor_expired", "This cursor is too old; begin the list again.")
        return Position(page, after)

    def _sign(self, content: bytes, bound: str) -> bytes:
        message = hashlib.sha256(bound.encode()).digest() + content
        return hmac.digest(self._key.secret, message, "sha256")[:_MAC_BYTES]


def _write(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _read(cursor: str) -> bytes:
    """What a cursor holds; nothing, unless it is written in the one way that it is written here:
    base64 passes over foreign characters and bits at the end.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        return b""
    return raw if _write(raw) == cursor else b""
