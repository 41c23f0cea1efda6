"""Files with rows of users as JSON Lines, from which the database is filled."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import batched
from pathlib import Path
from typing import Any

import duckdb

from rollcall.directory.buckets import Bounds
from rollcall.directory.collation import sort_keys
from rollcall.directory.columns import derived_sort_keys, read_columns, sortable_columns
from rollcall.directory.rows import StoredRow
from rollcall.kit.text import fold

FASTEST = 1
"""gzip's fastest compression level."""
ROWS_AT_ONCE = 1000
"""The number of rows whose sort keys are computed at once."""


def write_rows(
    file: Path,
    rows: Iterable[StoredRow],
    bounds: Mapping[str, Bounds] | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> int:
    """Write rows, compressed if the name of the file ends in ``.gz``, and with their buckets if
    ``bounds`` are given. Their sort keys are computed on the connection. Returns the number of
    rows.
    """
    written = 0
    compressed = file.suffix == ".gz"
    sorted_by = {each.name: str(each.sort_key) for each in sortable_columns()}
    with gzip.open(file, "wt", FASTEST) if compressed else file.open("w") as out:
        for some in batched(rows, ROWS_AT_ONCE, strict=False):
            lines = [row.model_dump(mode="json", by_alias=True) for row in some]
            _add_sort_keys(lines, connection)
            for line in lines:
                _add_folded(line)
                for name, each in (bounds or {}).items():
                    line[f"{name}Bucket"] = each.bucket_of(line.get(sorted_by[name]), line["id"])
                out.write(json.dumps(line) + "\n")
            written += len(lines)
    return written


def _add_sort_keys(
    lines: Sequence[dict[str, Any]], connection: duckdb.DuckDBPyConnection | None
) -> None:
    """Add the columns that lists are sorted by."""
    for name, key in derived_sort_keys().items():
        named = [line for line in lines if line[name]]
        values = sort_keys((line[name] for line in named), connection)
        for line, value in zip(named, values, strict=True):
            line[key] = value


def _add_folded(line: dict[str, Any]) -> None:
    """Add the texts in the form in which they are compared."""
    for name, folded in _folded_columns().items():
        value = line[name]
        if value not in (None, []):
            line[folded] = fold(value) if isinstance(value, str) else list(map(fold, value))


@cache
def _folded_columns() -> Mapping[str, str]:
    return {each.name: each.folded.name for each in read_columns().values() if each.folded}
