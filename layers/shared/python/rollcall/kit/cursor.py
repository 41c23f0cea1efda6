"""Pagination cursors: signed positions in a list, bound to the list and the caller (I19)."""

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

LIFETIME = timedelta(days=1)
_MAC_BYTES = 16


class Position(NamedTuple):
    """A position in a list: the number of the next page, and the key of the item before it."""

    page: int
    after: Item


class Cursors:
    """Writes and reads cursors, with a signature."""

    partition: ClassVar[str] = "CURSOR_KEY"

    def __init__(self, table: Table) -> None:
        self._key = SigningKey(table, self.partition)

    def write(self, position: Position, bound: str, now: datetime) -> str:
        """A cursor for this position. ``bound`` identifies the list and the caller."""
        expiry = int((now + LIFETIME).timestamp())
        parts = [expiry, position.page, position.after]
        content = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
        return _write(self._sign(content, bound) + content)

    def read(self, cursor: str, bound: str, now: datetime) -> Position:
        """The position. Raises Malformed for a cursor that was altered, has expired, or belongs to
        another caller or another list.
        """
        raw = _read(cursor)
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._sign(content, bound)):
            raise Malformed("cursor_invalid", "This cursor does not belong to this list.")
        expiry, page, after = json.loads(content)
        if now.timestamp() > expiry:
            detail = "This cursor has expired. Start again from the first page."
            raise Malformed("cursor_expired", detail)
        return Position(page, after)

    def _sign(self, content: bytes, bound: str) -> bytes:
        message = hashlib.sha256(bound.encode()).digest() + content
        return hmac.digest(self._key.secret, message, "sha256")[:_MAC_BYTES]


def _write(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _read(cursor: str) -> bytes:
    """The content of a cursor. Empty unless the encoding is canonical: Python's base64 ignores
    unknown characters and trailing bits.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        return b""
    return raw if _write(raw) == cursor else b""
