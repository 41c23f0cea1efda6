"""Job: new signing keys for cursors and links."""

from __future__ import annotations

from datetime import timedelta

from rollcall.background import job
from rollcall.kit.call import Call
from rollcall.kit.job import Report
from rollcall.kit.key_rotation import KINDS, rotate_keys


class RotatedKeys(Report):
    """What the job has done."""

    rotated: int


@job(every=timedelta(days=1), writes=KINDS)
def rotate_signing_keys(call: Call) -> RotatedKeys:
    """Replace the signing keys of cursors and links that are 30 days old.

    The replaced key is accepted until the next rotation. To replace a key at once, delete its item
    from the table of keys and run the job: open cursors and unsent links are invalid after that.
    """
    return RotatedKeys(rotated=rotate_keys(call.keys, call.now))
