"""Tokens that somebody is sent, and proves by that who they are: derived, never stored (I14, I17).

A token is made anew from a key and a generation by whoever sends it, so that a mail can go out
after the transaction, and again. What is stored is only its hash, by which it is known when it
comes back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import ClassVar

from rollcall.kit.entity import Row
from rollcall.kit.signing_key import SigningKey
from rollcall.kit.table import Table

_TOKEN = re.compile(r"([a-z]{3}_[0-9a-z]{26})_[0-9a-f]{64}")


class TokenKey(Row):
    """What tokens are derived from; for declarations: who writes it may make it, who reads it may
    send tokens.
    """

    partition: ClassVar[str] = "TOKEN_KEY"


class Tokens:
    """Derives tokens: the id of what they open, then 256 bits that nobody can guess."""

    def __init__(self, table: Table) -> None:
        self._key = SigningKey(table, TokenKey.partition)

    def derive(self, holder_id: str, generation: int) -> str:
        """The token of this generation; those of others have nothing in common with it."""
        message = f"{holder_id}#{generation}".encode()
        return f"{holder_id}_{hmac.digest(self._key.secret, message, 'sha256').hex()}"


def hash_token(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_holder(token: str) -> str | None:
    """The id that a token names, which proves nothing yet; None for what is no token at all."""
    match = _TOKEN.fullmatch(token)
    return match[1] if match else None


def is_token(token: str, hashed: str) -> bool:
    """Whether this is the token with that hash, in the same time wherever they differ."""
    return hmac.compare_digest(hash_token(token), hashed)
