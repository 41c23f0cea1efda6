"""Deployment reaction: the snapshot of the directory for the new version of the code."""

from __future__ import annotations

from rollcall.background import deployment_reaction
from rollcall.directory.snapshot_writing import READS, WRITES, compact
from rollcall.kit.call import Call
from rollcall.kit.reaction import Unfinished


@deployment_reaction(reads=READS, writes=WRITES, timeout=900)
def prepare_directory(call: Call) -> None:
    """Write a snapshot with the columns of this version before the functions that read it are
    deployed, so that lists answer during the whole deployment.

    With the columns of the version before, its snapshot is brought up to date, which takes seconds.
    Otherwise, a snapshot is built from the table, or that of an earlier deployment catches up.
    """
    if compact(call).unfinished:
        raise Unfinished("The directory is not built yet. The next run continues.")
