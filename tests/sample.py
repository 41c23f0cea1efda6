"""The seed of tests that sample their cases: a new sample each day, repeatable by its seed."""

from __future__ import annotations

import os
from datetime import UTC, datetime

SEED = int(os.environ.get("ROLLCALL_SEED") or f"{datetime.now(UTC):%Y%m%d}")
