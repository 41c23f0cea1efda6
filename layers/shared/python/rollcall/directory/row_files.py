"""Files with rows of users as JSON Lines, from which the database is filled."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from rollcall.directory.buckets import Bounds
from rollcall.directory.columns import sortable_columns
from rollcall.directory.rows import StoredRow

FASTEST = 1
"""gzip's fastest compression level."""


def write_rows(
    file: Path, rows: Iterable[StoredRow], bounds: Mapping[str, Bounds] | None = None
) -> int:
    """Write rows, compressed if the name of the file ends in ``.gz``, and with their buckets if
    ``bounds`` are given. Returns the number of rows.
    """
    written = 0
    compressed = file.suffix == ".gz"
    sort_keys = {each.name: str(each.sort_key) for each in sortable_columns()}
    with gzip.open(file, "wt", FASTEST) if compressed else file.open("w") as out:
        for row in rows:
            line = row.model_dump(mode="json", by_alias=True)
            for name, each in (bounds or {}).items():
                line[f"{name}Bucket"] = each.bucket_of(line[sort_keys[name]], row.id)
            out.write(json.dumps(line) + "\n")
            written += 1
    return written
