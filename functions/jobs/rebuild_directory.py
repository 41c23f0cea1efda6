"""Scheduled job: build the directory's snapshot from the table."""

from __future__ import annotations

from datetime import timedelta

from rollcall.background import job
from rollcall.directory.snapshot_writing import READS, WRITES, CompactionReport, rebuild
from rollcall.kit.call import Call


@job(every=timedelta(days=7), reads=READS, writes=WRITES)
def rebuild_directory(call: Call) -> CompactionReport:
    """Build a snapshot of the directory from the table, independently of the present one.

    The two should never differ; this weekly job makes sure of it. Run it manually after the table
    has been restored from a backup.
    """
    return rebuild(call)
