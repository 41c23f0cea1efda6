"""Job: keep the directory's snapshot fresh."""

from __future__ import annotations

from datetime import timedelta

from rollcall.background import job
from rollcall.directory.compaction import READS, WRITES, CompactionReport, compact
from rollcall.kit.call import Call


@job(every=timedelta(minutes=5), reads=READS, writes=WRITES)
def compact_directory(call: Call) -> CompactionReport:
    """Write a snapshot of the directory with what has changed since the last one.

    It counts only when it is complete, and only if no other one counts by then; so a run may die
    at any point, or meet another one, and nothing is lost or counted twice. Without a snapshot,
    with a damaged one, or with one whose columns are not those of today, it is built from the
    table.
    """
    return compact(call)
