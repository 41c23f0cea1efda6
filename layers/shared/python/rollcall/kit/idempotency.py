"""``Idempotency-Key``: a call that is sent again has one effect and the same answer (I7)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Item, Key
from rollcall.kit.errors import Invalid

RETENTION = timedelta(hours=24)


@dataclass(frozen=True)
class Idempotency:
    """A caller's key for one operation, bound to the request that it was sent with."""

    partition: ClassVar[str] = "IDEMPOTENCY#"
    attributes: ClassVar[tuple[str, ...]] = ("pk", "sk", "fingerprint", "answer", EXPIRY_ATTRIBUTE)

    key: Key
    fingerprint: str

    @classmethod
    def of(cls, header: str, *, actor_id: str, operation: str, sent: str) -> Idempotency:
        """Bind a caller's key to a request. The fingerprint is an HMAC with the caller's key, which
        is not stored, so that a password in the request cannot be guessed from it (I17).
        """
        scope = hashlib.sha256(f"{operation}#{header}".encode()).hexdigest()
        fingerprint = hmac.new(header.encode(), sent.encode(), hashlib.sha256)
        key = f"{cls.partition}{actor_id}#{scope}"
        return cls(Key(key, "IDEMPOTENCY"), fingerprint.hexdigest())

    def recall(self, item: Item | None, now: datetime) -> str | None:
        """The stored answer of the earlier call; None for the first call. Raises Invalid when the
        key was used with a different request.
        """
        if item is None or item[EXPIRY_ATTRIBUTE] <= now.timestamp():
            return None
        if not hmac.compare_digest(item["fingerprint"], self.fingerprint):
            message = "This Idempotency-Key was used with a different request. Use a new key."
            raise Invalid.field("Idempotency-Key", message, "idempotency_key_reused")
        return str(item["answer"])

    def item(self, answer_json: str, now: datetime) -> Item:
        """The item that stores the answer."""
        return {
            **self.key._asdict(),
            "fingerprint": self.fingerprint,
            "answer": answer_json,
            EXPIRY_ATTRIBUTE: int((now + RETENTION).timestamp()),
        }

    def condition(self, now: datetime) -> tuple[str, dict[str, Any]]:
        """The condition of the write: no answer of an earlier call is stored."""
        values = {":now": int(now.timestamp())}
        return f"attribute_not_exists(pk) OR {EXPIRY_ATTRIBUTE} <= :now", values
