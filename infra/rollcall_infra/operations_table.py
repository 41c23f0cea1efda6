"""The operations as a table: routes, permissions, and the resources that each function accesses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rollcall.kit.declaration import Resource
from rollcall.kit.operation import Operation
from rollcall_infra.catalog import read_catalog


def format_operations() -> str:
    """Method, path, permission, function, reads and writes of every operation, in columns."""
    rows = [("METHOD", "PATH", "PERMISSION", "FUNCTION", "READS", "WRITES")]
    rows += [
        (
            operation.method,
            operation.public_path,
            _caller(operation),
            operation.name,
            _names(operation.reads),
            _names(operation.writes),
        )
        for operation in sorted(
            read_catalog().operations, key=lambda each: (each.public_path, each.method)
        )
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _caller(operation: Operation[Any, Any]) -> str:
    if operation.permission:
        return operation.permission.value
    return "(public)" if operation.public else "(signed in)"


def _names(resources: Iterable[Resource]) -> str:
    return ",".join(resource.__name__ for resource in resources) or "-"
