"""Scheduled job: keep the directory's snapshot up to date."""

from __future__ import annotations

from datetime import timedelta

from rollcall.background import job
from rollcall.directory.snapshot_writing import READS, WRITES, CompactionReport, compact
from rollcall.kit.call import Call


@job(every=timedelta(minutes=5), reads=READS, writes=WRITES)
def compact_directory(call: Call) -> CompactionReport:
    """Write a snapshot of the directory with the changes since the last one.

    A snapshot takes effect only when it is complete, and only if no other one has taken effect
    meanwhile. A run can therefore stop at any point or overlap with another one, and no change is
    lost or counted twice. Without a snapshot, or with one that is damaged or has other columns, it
    is rebuilt from the table.
    """
    return compact(call)
