"""``Idempotency-Key``: a call that is sent again has one effect and the same answer (I7).

The answer is stored under a digest of the caller's key. Answers can hold personal data, so a second
item leads from the person to the answer, which is erased with the person.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Item, Key, Row
from rollcall.kit.errors import Gone, Invalid
from rollcall.kit.table import Table

RETENTION = timedelta(hours=24)
_SORT_KEY = "IDEMPOTENCY"


class StoredAnswer(Row):
    """The stored answers, as a resource for declarations: functions that read and write it can
    erase them.
    """

    partition: ClassVar[str] = "IDEMPOTENCY#"

    fingerprint: str | None = None
    answer: str | None = None
    erased: bool | None = None
    secret: str | None = None
    """Of the key of the fingerprints, which has an item of its own."""
    expires_at: int | None = None


_SECRET = Key(f"{StoredAnswer.partition}SECRET", "SECRET")
"""The key of the fingerprints. It is generated with the first answer of a table."""


@dataclass(frozen=True)
class Idempotency:
    """A caller's key for one operation, bound to the request that it was sent with."""

    key: Key
    fingerprint: str
    stored: Item | None = None
    """The item of an earlier call."""
    new_secret: Item | None = None
    """The secret of the fingerprints, if this call has generated it."""

    @classmethod
    def read(
        cls,
        table: Table,
        header: str,
        *,
        actor_id: str,
        operation: str,
        sent: str,
        proof: str = "",
    ) -> Self:
        """Bind a caller's key to a request, and read what an earlier call has stored. ``proof``
        separates callers who have no id of their own.

        The fingerprint is an HMAC with a secret of the table and with the caller's key, which is
        not stored, so that a password in the request cannot be guessed from it (I17). The secret is
        read with the answer, in one call.
        """
        scope = hashlib.sha256(f"{operation}#{proof}#{header}".encode()).hexdigest()
        key = Key(f"{StoredAnswer.partition}{actor_id}#{scope}", _SORT_KEY)
        found = table.get_items([key, _SECRET])
        generated = None
        if _SECRET not in found:
            generated = {**_SECRET._asdict(), "secret": secrets.token_hex(32)}
        secret = bytes.fromhex((generated or found[_SECRET])["secret"])
        fingerprint = hmac.new(secret, f"{header}\n{sent}".encode(), hashlib.sha256).hexdigest()
        return cls(key, fingerprint, found.get(key), generated)

    def recall(self, now: datetime) -> str | None:
        """The stored answer of the earlier call; None for the first call. Raises Invalid when the
        key was used with a different request, and Gone when the answer was erased.
        """
        item = self.stored
        if item is None or item[EXPIRY_ATTRIBUTE] <= now.timestamp():
            return None
        if not hmac.compare_digest(item["fingerprint"], self.fingerprint):
            message = "This Idempotency-Key was used with a different request. Use a new key."
            raise Invalid.field("Idempotency-Key", message, "idempotency_key_reused")
        if "answer" not in item:
            detail = (
                "This request has taken effect, but its answer was erased, because the user was "
                "permanently deleted since. Do not repeat the request."
            )
            raise Gone("answer_erased", detail)
        return str(item["answer"])

    def items(self, answer_json: str, person: str | None, now: datetime) -> list[Item]:
        """The item that stores the answer, and the one that leads to it from the person whose data
        the answer holds, if there is one.
        """
        expiry = {EXPIRY_ATTRIBUTE: int((now + RETENTION).timestamp())}
        held = {"fingerprint": self.fingerprint, "answer": answer_json}
        found = [{**self.key._asdict(), **held, **expiry}]
        if person is not None:
            found.append({**Key(_about(person), self.key.pk)._asdict(), **expiry})
        return found

    def condition(self, now: datetime) -> tuple[str, dict[str, Any]]:
        """The condition of the write: no answer of an earlier call is stored."""
        values = {":now": int(now.timestamp())}
        return f"attribute_not_exists(pk) OR {EXPIRY_ATTRIBUTE} <= :now", values


def erase_answers(table: Table, person: str) -> None:
    """Erase the stored answers that hold data of a person. The fingerprints remain, so that a
    repeated request has no second effect.
    """
    for item in table.query_partition(_about(person)):
        row = Key(item["sk"], _SORT_KEY)
        table.update_unversioned(row, {"erased": True}, remove=("answer",))


def _about(person: str) -> str:
    return f"{StoredAnswer.partition}ABOUT#{person}"
