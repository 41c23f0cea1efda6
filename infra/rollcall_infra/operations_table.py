"""The operations as a table: routes, permissions, and the resources that each function accesses."""

from __future__ import annotations

from collections.abc import Iterable

from rollcall.kit.declaration import Resource
from rollcall_infra.gateway import AnyOperation


def format_operations(operations: Iterable[AnyOperation]) -> str:
    """Method, path, permission, function, reads and writes of each operation, in columns."""
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
        for operation in sorted(operations, key=lambda each: (each.public_path, each.method))
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _caller(operation: AnyOperation) -> str:
    if operation.permission:
        return operation.permission.value
    return "(public)" if operation.public else "(signed in)"


def _names(resources: Iterable[Resource]) -> str:
    return ",".join(resource.__name__ for resource in resources) or "-"
