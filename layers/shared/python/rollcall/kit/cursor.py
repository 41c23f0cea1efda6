"""Cursors: where a walk through a list goes on, signed, and bound to the walker and the list (I19).

The signing key is made once for each table and kept in it, so that every instance of every
function reads the same one, and no deployment has to carry a secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from rollcall.kit.entity import Item, Key
from rollcall.kit.errors import Malformed
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
        self._table = table

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
        return hmac.digest(self._key, message, "sha256")[:_MAC_BYTES]

    @cached_property
    def _key(self) -> bytes:
        place = Key(self.partition, self.partition)
        stored = self._table.get_item(place)
        if stored is None:
            made: dict[str, Any] = {**place._asdict(), "secret": secrets.token_hex(32)}
            # Whoever comes second takes the key of whoever came first.
            stored = made if self._table.put_once(made) else self._table.get_item(place)
        if stored is None:
            raise RuntimeError("The cursor key was deleted while it was made.")
        return bytes.fromhex(stored["secret"])


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
