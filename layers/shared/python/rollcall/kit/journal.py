"""The journal: one entry for each version of each entity, written with it (A1, I6).

An entry is the audit record, the outbox of the reactions, and the change feed at once.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from rollcall.kit.actor import ActorKind
from rollcall.kit.entity import Item, Key, Row
from rollcall.kit.model import Model, Time

SHARDS = 8
"""How many partitions an hour of entries is spread over: 8 x 1,000 WCU, far above what
Cognito's own quotas let an account write."""


WRITTEN_WITHIN = timedelta(seconds=30)
"""Entries are written at most so long after the time that they carry."""
TARGETS = "TARGET#"
"""What the GSI1 partitions of the entries about one target begin with."""


class Changed(Model):
    """One field's value before and after."""

    before: Any = None
    after: Any = None


class ActorRecord(Model):
    """Who did it, and from where."""

    kind: ActorKind
    id: str
    ip_address: str | None = None
    user_agent: str | None = None


class TargetRecord(Model):
    """Which version of what was made."""

    kind: str
    id: str
    version: int


class JournalEntry(Row):
    """Who did what to whom, when, from where, why, and what changed."""

    partition: ClassVar[str] = "JOURNAL#"
    id_prefix: ClassVar[str] = "jrn"
    index_partitions: ClassVar[tuple[str, ...]] = (TARGETS,)

    id: str
    at: Time
    action: str
    actor: ActorRecord
    target: TargetRecord
    changes: dict[str, Changed]
    reason: str | None = None
    request_id: str
    touches: tuple[str, ...] = ()
    """Other entities of whom the target says something, as the owner of a workspace."""

    def key(self) -> Key:
        """Hour and shard, so that a time range is read in order without a hot partition."""
        shard = zlib.crc32(self.id.encode()) % SHARDS
        return Key(f"{self.hour_of(self.at)}#{shard}", self.id)

    @classmethod
    def hour_of(cls, at: datetime) -> str:
        """What the partitions begin with of the entries that carry a time of one hour."""
        return f"{cls.partition}{at:%Y-%m-%dT%H}"

    @staticmethod
    def about(target_id: str) -> str:
        """The GSI1 partition of the entries about one target, in order of time."""
        return f"{TARGETS}{target_id}"

    def index(self) -> Mapping[str, str]:
        """Found by target in GSI1 and by actor in GSI2."""
        return {
            "gsi1pk": self.about(self.target.id),
            "gsi1sk": self.id,
            "gsi2pk": f"ACTOR#{self.actor.id}",
            "gsi2sk": self.id,
        }


def compare_facts(before: Item, after: Item) -> dict[str, Changed]:
    """The fields that differ, each with both values."""
    return {
        name: Changed(before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
