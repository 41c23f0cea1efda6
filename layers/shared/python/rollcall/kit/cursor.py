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
from typing import ClassVar, NamedTuple, Self

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


class CursorKey(SigningKey):
    """The key of all cursors."""

    partition: ClassVar[str] = "CURSOR_KEY"


class Cursors:
    """Writes and reads cursors."""

    def __init__(self, keys: Table) -> None:
        self._key = CursorKey(keys)

    def write(self, position: Position, bound: str, now: datetime) -> str:
        """A cursor for this position. ``bound`` identifies the list and the caller."""
        expiry = int((now + LIFETIME).timestamp())
        parts = [expiry, position.page, position.after]
        content = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
        content += b" " * (-len(content) % _PADDED_TO)
        cipher = _Cipher.of(self._key.newest)
        mac = cipher.sign(content, bound)
        return _write(mac + cipher.encrypt(content, mac))

    def read(self, cursor: str, bound: str, now: datetime) -> Position:
        """The position. Raises Malformed for a cursor that was altered, has expired, or belongs to
        another caller or another list.
        """
        raw = _read(cursor)
        content = self._key.find(lambda secret: _Cipher.of(secret).open(raw, bound))
        if content is None:
            detail = (
                "This cursor does not belong to this list. Send it with all other parameters as in "
                "the request that returned it, or start again from the first page."
            )
            raise Malformed("cursor_invalid", detail)
        expiry, page, after = json.loads(content)
        if now.timestamp() > expiry:
            detail = "This cursor has expired. Start again from the first page."
            raise Malformed("cursor_expired", detail)
        return Position(page, after)


class _Cipher(NamedTuple):
    """The keys for signing and for encrypting, which must differ."""

    signing: bytes
    encrypting: bytes

    @classmethod
    def of(cls, secret: bytes) -> Self:
        return cls(*(hmac.digest(secret, use, "sha256") for use in (b"sign", b"encrypt")))

    def open(self, raw: bytes, bound: str) -> bytes | None:
        """The content; None if it was not signed with this key and ``bound``."""
        mac = raw[:_MAC_BYTES]
        content = self.encrypt(raw[_MAC_BYTES:], mac)
        return content if hmac.compare_digest(mac, self.sign(content, bound)) else None

    def sign(self, content: bytes, bound: str) -> bytes:
        message = hashlib.sha256(bound.encode()).digest() + content
        return hmac.digest(self.signing, message, "sha256")[:_MAC_BYTES]

    def encrypt(self, content: bytes, mac: bytes) -> bytes:
        """The content in encrypted form, or from it: both are the same."""
        blocks = range(-(-len(content) // _HASH_BYTES))
        stream = b"".join(
            hmac.digest(self.encrypting, mac + block.to_bytes(4), "sha256") for block in blocks
        )
        return bytes(one ^ other for one, other in zip(content, stream, strict=False))


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
