"""Keys that are made once for each table and kept in it, so that every instance of every function
reads the same one, and no deployment has to carry a secret.
"""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any

from rollcall.kit.entity import Key
from rollcall.kit.table import Table


class SigningKey:
    """One key, under a partition of its own."""

    def __init__(self, table: Table, partition: str) -> None:
        self._table = table
        self._place = Key(partition, partition)

    @cached_property
    def secret(self) -> bytes:
        """The key, 256 bits; made when there is none yet."""
        stored = self._table.get_item(self._place)
        if stored is None:
            made: dict[str, Any] = {**self._place._asdict(), "secret": secrets.token_hex(32)}
            # Whoever comes second takes the key of whoever came first.
            stored = made if self._table.put_once(made) else self._table.get_item(self._place)
        if stored is None:
            raise RuntimeError("The signing key was deleted while it was made.")
        return bytes.fromhex(stored["secret"])
