"""Tests that try a sample of many cases try another one each day, which this seed repeats."""

from __future__ import annotations

import os
from datetime import UTC, datetime

SEED = int(os.environ.get("ROLLCALL_SEED") or f"{datetime.now(UTC):%Y%m%d}")
