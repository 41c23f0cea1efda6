"""The journal: one entry for each version of each entity, in the same transaction (A1, I6).

An entry is audit record, outbox of the reactions and change feed in one.
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
"""The number of partitions for the entries of an hour: 8 x 1,000 WCU, far above the write rate that
Cognito's quotas allow an AWS account."""


WRITTEN_WITHIN = timedelta(seconds=30)
"""The maximum delay between the time of an entry and its write."""
COPIED = "copied"
"""The attribute of entries that a restore has copied from a backup. They are records only: no
reaction processes them, because the reactions to them have run before."""
TARGETS = "TARGET#"
"""The prefix of the GSI1 partition keys of entries about one target."""


class Changed(Model):
    """The value of one field before and after."""

    before: Any = None
    after: Any = None


class ActorRecord(Model):
    """The actor of an entry, with its address."""

    kind: ActorKind
    id: str
    ip_address: str | None = None
    user_agent: str | None = None


class TargetRecord(Model):
    """The entity version that an entry is about."""

    kind: str
    id: str
    version: int


class JournalEntry(Row):
    """Who did what to which target, when, from where, why, and what changed."""

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
    """Other entities that the change affects, such as the owner of a workspace."""

    def key(self) -> Key:
        """Hour and shard, so that a time range can be read without a hot partition."""
        shard = zlib.crc32(self.id.encode()) % SHARDS
        return Key(f"{self.hour_of(self.at)}#{shard}", self.id)

    @classmethod
    def hour_of(cls, at: datetime) -> str:
        """The prefix of the partition keys of entries in the hour of ``at``."""
        return f"{cls.partition}{at:%Y-%m-%dT%H}"

    @staticmethod
    def about(target_id: str) -> str:
        """The GSI1 partition key of entries about one target, sorted by time."""
        return f"{TARGETS}{target_id}"

    def index(self) -> Mapping[str, str]:
        """By target in GSI1, and by actor in GSI2."""
        return {
            "gsi1pk": self.about(self.target.id),
            "gsi1sk": self.id,
            "gsi2pk": f"ACTOR#{self.actor.id}",
            "gsi2sk": self.id,
        }


def compare_facts(before: Item, after: Item) -> dict[str, Changed]:
    """The fields that differ, each with its values before and after."""
    return {
        name: Changed(before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
