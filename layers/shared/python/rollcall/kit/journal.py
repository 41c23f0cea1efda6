"""The journal: one entry for each version of each entity, written with it (A1, I6).

An entry is the audit record, the outbox of the reactions, and the change feed at once.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from rollcall.kit.actor import ActorKind
from rollcall.kit.entity import Item, Key, Row
from rollcall.kit.ids import last_id
from rollcall.kit.model import Model, Time
from rollcall.kit.table import Table

SHARDS = 8
"""How many partitions an hour of entries is spread over: 8 x 1,000 WCU, far above what
Cognito's own quotas let an account write."""


WRITTEN_WITHIN = timedelta(seconds=30)
"""Entries are written at most so long after the time that they carry."""
LOOK_BACK = WRITTEN_WITHIN + timedelta(seconds=30)
"""An entry is visible to every reader so long after the time that it carries: the transaction
takes up to 12 seconds with all its attempts (kit/clients), and clocks differ by a few.
"""
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
        return Key(f"{self.partition}{self.at:%Y-%m-%dT%H}#{shard}", self.id)

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


class JournalTail(Row):
    """The journal in order of time, as :func:`read_touches` reads it; for declarations."""

    partition: ClassVar[str] = JournalEntry.partition


class Touch(NamedTuple):
    """That an entry has changed what lists show of some entities."""

    entry_id: str
    kind: str
    """Of the entry's target."""
    target_id: str
    others: tuple[str, ...]


def read_touches(table: Table, since: datetime, until: datetime) -> Iterator[Touch]:
    """What all entries that carry a time from ``since`` on are about, strongly consistent.

    Entries come in no order, because writers' clocks differ. Whoever reads on from time to time
    goes back by LOOK_BACK each time, and meets entries again that were met before.
    """
    later_than = last_id(JournalEntry.id_prefix, since - timedelta(milliseconds=1))
    names = ("id", "target", "touches")
    for hour in _hours(since, until + LOOK_BACK):
        for shard in range(SHARDS):
            pk = f"{JournalEntry.partition}{hour:%Y-%m-%dT%H}#{shard}"
            for item in table.query_partition(pk, later_than=later_than, names=names):
                target, others = item["target"], item.get("touches", ())
                yield Touch(item["id"], target["kind"], target["id"], tuple(others))


def _hours(since: datetime, until: datetime) -> Iterator[datetime]:
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        yield hour
        hour += timedelta(hours=1)


def compare_facts(before: Item, after: Item) -> dict[str, Changed]:
    """The fields that differ, each with both values."""
    return {
        name: Changed(before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
