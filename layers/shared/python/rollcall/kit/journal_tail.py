"""The journal in order of time: what the latest entries are about, for whoever follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from rollcall.kit.entity import Row
from rollcall.kit.ids import last_id
from rollcall.kit.journal import SHARDS, WRITTEN_WITHIN, JournalEntry
from rollcall.kit.table import Table

LOOK_BACK = WRITTEN_WITHIN + timedelta(seconds=30)
"""An entry is visible to every reader so long after the time that it carries: the transaction
takes up to 12 seconds with all its attempts (kit/clients), and clocks differ by a few.
"""


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

    def read(partition: str) -> Sequence[Touch]:
        found = table.query_partition(
            partition, later_than=later_than, names=("id", "target", "touches")
        )
        return [
            Touch(item["id"], target["kind"], target["id"], tuple(item.get("touches", ())))
            for item in found
            for target in (item["target"],)
        ]

    # An hour's shards are asked all at once: their answers take the time of one.
    with ThreadPoolExecutor(SHARDS) as pool:
        asked = [
            pool.submit(copy_context().run, read, f"{hour}#{shard}")
            for hour in _hours(since, until + LOOK_BACK)
            for shard in range(SHARDS)
        ]
        for each in asked:
            yield from each.result()


def _hours(since: datetime, until: datetime) -> Iterator[str]:
    """What the partitions of each hour begin with."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        yield JournalEntry.hour_of(hour)
        hour += timedelta(hours=1)
