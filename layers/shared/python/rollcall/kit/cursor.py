"""Pagination cursors: encrypted positions in a list, bound to the list and the caller (I19).

A position holds names and addresses of users, and cursors end up in histories and logs. So the
content is encrypted as SIV does (RFC 5297): the MAC of the content is also the initialization
vector. HMAC-SHA256 is both the MAC and, in counter mode, the keystream, because Python has no
cipher and a library for one would lengthen cold starts.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar, NamedTuple

from rollcall.kit.entity import Item
from rollcall.kit.errors import Malformed
from rollcall.kit.signing_key import SigningKey
from rollcall.kit.table import Table

LIFETIME = timedelta(days=1)
_MAC_BYTES, _HASH_BYTES = 16, 32
_PADDED_TO = 128
"""Contents are padded to a multiple of this many bytes, so that their length says little."""


class Position(NamedTuple):
    """A position in a list: the number of the next page, and the key of the item before it."""

    page: int
    after: Item


class Cursors:
    """Writes and reads cursors."""

    partition: ClassVar[str] = "CURSOR_KEY"

    def __init__(self, table: Table) -> None:
        self._key = SigningKey(table, self.partition)

    def write(self, position: Position, bound: str, now: datetime) -> str:
        """A cursor for this position. ``bound`` identifies the list and the caller."""
        expiry = int((now + LIFETIME).timestamp())
        parts = [expiry, position.page, position.after]
        content = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
        content += b" " * (-len(content) % _PADDED_TO)
        mac = self._sign(content, bound)
        return _write(mac + self._encrypt(content, mac))

    def read(self, cursor: str, bound: str, now: datetime) -> Position:
        """The position. Raises Malformed for a cursor that was altered, has expired, or belongs to
        another caller or another list.
        """
        raw = _read(cursor)
        mac = raw[:_MAC_BYTES]
        content = self._encrypt(raw[_MAC_BYTES:], mac)
        if not hmac.compare_digest(mac, self._sign(content, bound)):
            raise Malformed("cursor_invalid", "This cursor does not belong to this list.")
        expiry, page, after = json.loads(content)
        if now.timestamp() > expiry:
            detail = "This cursor has expired. Start again from the first page."
            raise Malformed("cursor_expired", detail)
        return Position(page, after)

    def _sign(self, content: bytes, bound: str) -> bytes:
        message = hashlib.sha256(bound.encode()).digest() + content
        return hmac.digest(self._keys[0], message, "sha256")[:_MAC_BYTES]

    def _encrypt(self, content: bytes, mac: bytes) -> bytes:
        """The content in encrypted form, or from it: both are the same."""
        blocks = range(-(-len(content) // _HASH_BYTES))
        stream = b"".join(
            hmac.digest(self._keys[1], mac + block.to_bytes(4), "sha256") for block in blocks
        )
        return bytes(one ^ other for one, other in zip(content, stream, strict=False))

    @cached_property
    def _keys(self) -> tuple[bytes, bytes]:
        """The keys for signing and for encrypting, which must differ."""
        secret = self._key.secret
        return hmac.digest(secret, b"sign", "sha256"), hmac.digest(secret, b"encrypt", "sha256")


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
