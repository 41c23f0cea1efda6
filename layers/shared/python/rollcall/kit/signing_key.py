"""Signing keys: generated, stored and rotated by the deployment, so that it needs no secrets.

They are in a table of their own, without a stream. Every stream reaction is allowed to read the
whole stream of the other table, and would read new keys there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from rollcall.kit.entity import Key
from rollcall.kit.errors import Unavailable

if TYPE_CHECKING:
    from rollcall.kit.table import Table


class SigningKey:
    """One signing key of 256 bits, and the key before it, which is still accepted. Also a resource
    for declarations: functions that read it can sign, functions that write it can rotate it.
    """

    partition: ClassVar[str]
    """The partition key of its item, which is also the sort key."""
    attributes: ClassVar[tuple[str, ...]] = ("pk", "sk", "secret", "previous", "madeAt")

    def __init__(self, keys: Table) -> None:
        self._keys = keys
        self._known: tuple[bytes, ...] = ()

    @classmethod
    def key(cls) -> Key:
        """The primary key of its item."""
        return Key(cls.partition, cls.partition)

    @property
    def newest(self) -> bytes:
        """The key to sign with. Raises Unavailable if none has been generated yet."""
        return self._read()[0]

    def find[T](self, check: Callable[[bytes], T | None]) -> T | None:
        """The result of ``check`` for the first key that it accepts, or None. A process that has
        read the keys before their last rotation reads them again.
        """
        known = self._read()
        found = _first(check, known)
        if found is None:
            self._known = ()
            found = _first(check, (each for each in self._read() if each not in known))
        return found

    def _read(self) -> tuple[bytes, ...]:
        if not self._known:
            item = self._keys.get_item(self.key())
            if item is None:
                detail = "The deployment has no signing keys yet. Send the same request again soon."
                raise Unavailable("signing_key_missing", detail)
            names = [name for name in ("secret", "previous") if name in item]
            self._known = tuple(bytes.fromhex(item[name]) for name in names)
        return self._known


def _first[T](check: Callable[[bytes], T | None], secrets: Iterable[bytes]) -> T | None:
    return next((found for found in map(check, secrets) if found is not None), None)
