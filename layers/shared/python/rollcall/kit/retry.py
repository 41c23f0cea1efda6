"""Retries of optimistic writes after a concurrent write."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from rollcall.kit.errors import Contended, StillContended

ATTEMPTS = 12


def retry_contended[T](attempt: Callable[[], T]) -> T:
    """Run ``attempt`` until it meets no concurrent write, at most ATTEMPTS times. It must read
    again each time. The backoff has full jitter, from 20 ms doubling up to 400 ms.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except Contended:
            time.sleep(random.uniform(0, min(0.4, 0.02 * 2**number)))  # noqa: S311 (not a secret)
    detail = "Other requests are changing the same resource. Send the request again."
    raise StillContended("contended", detail)
