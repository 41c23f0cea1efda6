"""The journal by time: which entities the latest entries have changed, and entries of a period."""

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
"""The maximum delay between the time of an entry and its visibility: the transaction takes up to 12
seconds with all its attempts (kit/clients), and clocks differ by a few.
"""


class JournalTail(Row):
    """The resource that functions declare to use :func:`read_touches`."""

    partition: ClassVar[str] = JournalEntry.partition


class Touch(NamedTuple):
    """The part of a journal entry that lists depend on: the entities whose list entries changed."""

    entry_id: str
    kind: str
    """The kind of the entry's target."""
    target_id: str
    others: tuple[str, ...]


def read_touches(table: Table, since: datetime, until: datetime) -> Iterator[Touch]:
    """The entities that all entries since a time are about, strongly consistent.

    Entries are not in order, because the clocks of writers differ. A reader that polls must start
    LOOK_BACK before its last read, and sees some entries again.
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

    # All shards are queried concurrently, in the time of one query.
    with ThreadPoolExecutor(SHARDS) as pool:
        asked = [
            pool.submit(copy_context().run, read, f"{hour}#{shard}")
            for hour in _hours(since, until + LOOK_BACK)
            for shard in range(SHARDS)
        ]
        for each in asked:
            yield from each.result()


def read_entries(table: Table, since: datetime, until: datetime) -> Iterator[JournalEntry]:
    """All entries of a period in order, without those of its end. Each hour is read at once, so any
    period fits into memory.
    """
    later_than = last_id(JournalEntry.id_prefix, since - timedelta(milliseconds=1))
    for hour in _hours(since, until):
        found = [
            JournalEntry.model_validate(item)
            for shard in range(SHARDS)
            for item in table.query_partition(f"{hour}#{shard}", later_than=later_than)
        ]
        for entry in sorted(found, key=lambda each: each.id):
            if since <= entry.at < until:
                yield entry


def _hours(since: datetime, until: datetime) -> Iterator[str]:
    """The prefix of the partition keys of each hour."""
    hour = since.replace(minute=0, second=0, microsecond=0)
    while hour <= until:
        yield JournalEntry.hour_of(hour)
        hour += timedelta(hours=1)
