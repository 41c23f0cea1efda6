"""Signing keys, which are generated once per table and stored in it. All function instances use the
same keys, and a deployment needs no secrets.
"""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any

from rollcall.kit.entity import Key
from rollcall.kit.table import Table


class SigningKey:
    """One signing key, in its own partition."""

    def __init__(self, table: Table, partition: str) -> None:
        self._table = table
        self._item_key = Key(partition, partition)

    @cached_property
    def secret(self) -> bytes:
        """The key, 256 bits. It is generated if it does not exist."""
        stored = self._table.get_item(self._item_key)
        if stored is None:
            new: dict[str, Any] = {**self._item_key._asdict(), "secret": secrets.token_hex(32)}
            # If another process has stored a key first, this one uses it.
            stored = new if self._table.put_once(new) else self._table.get_item(self._item_key)
        if stored is None:
            raise RuntimeError("The signing key was deleted while it was generated.")
        return bytes.fromhex(stored["secret"])
