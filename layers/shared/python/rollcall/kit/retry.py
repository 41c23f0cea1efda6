"""Optimistic writers try again when another one came first."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from rollcall.kit.errors import Contended, StillContended

ATTEMPTS = 12


def retry_contended[T](attempt: Callable[[], T]) -> T:
    """Run it until no other writer comes between, at most ATTEMPTS times; it reads afresh each
    time. Waits with full jitter, 20 ms doubling up to 400 ms, so that writers drift apart.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except Contended:
            time.sleep(random.uniform(0, min(0.4, 0.02 * 2**number)))  # noqa: S311 (no secret)
    detail = "Others are changing the same thing right now; send the request again."
    raise StillContended("contended", detail)
