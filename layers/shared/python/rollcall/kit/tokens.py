"""Tokens for links in mails: derived, never stored (I14, I17).

The sender derives a token from a key and a generation, so that a mail can be sent after the
transaction, and sent again. Only the token's hash is stored, to verify the token.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import ClassVar

from rollcall.kit.signing_key import SigningKey
from rollcall.kit.table import Table

_TOKEN = re.compile(r"([a-z]{3}_[0-9a-z]{26})_[0-9a-f]{64}")


class TokenKey(SigningKey):
    """The key that tokens are derived from."""

    partition: ClassVar[str] = "TOKEN_KEY"


class Tokens:
    """Derives tokens: the id of the holder, such as an invitation, then an HMAC of 256 bits."""

    def __init__(self, keys: Table) -> None:
        self._key = TokenKey(keys)

    def derive(self, holder_id: str, generation: int) -> str:
        """A new token of this generation, unrelated to those of other generations."""
        return _derive(self._key.newest, holder_id, generation)

    def derive_again(self, holder_id: str, generation: int, hashed: str) -> str:
        """The token with this hash, also after the rotation of the key that it was derived from.
        Raises LookupError if that key no longer exists.
        """

        def check(secret: bytes) -> str | None:
            token = _derive(secret, holder_id, generation)
            return token if is_token(token, hashed) else None

        token = self._key.find(check)
        if token is None:
            raise LookupError(f"The key of the token of {holder_id} no longer exists.")
        return token


def _derive(secret: bytes, holder_id: str, generation: int) -> str:
    message = f"{holder_id}#{generation}".encode()
    return f"{holder_id}_{hmac.digest(secret, message, 'sha256').hex()}"


def hash_token(token: str) -> str:
    """The stored hash of a token. With 256 secret bits, one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_holder(token: str) -> str | None:
    """The holder's id in a token, not verified; None for a text that is not a token."""
    match = _TOKEN.fullmatch(token)
    return match[1] if match else None


def is_token(token: str, hashed: str) -> bool:
    """Whether the token has this hash, compared in constant time."""
    return hmac.compare_digest(hash_token(token), hashed)
