"""The nested stack of each function, which never changes.

A function is first deployed in the nested stack of its area, and stays there when its file moves
to another folder: CloudFormation creates what is new before it deletes what is gone, so it would
create a second function with the same name, and fail. ``placement.json`` records the stacks.

    python -m rollcall_infra.placement    adds new functions to the file, and removes deleted ones
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from rollcall.kit.declaration import Declaration
from rollcall_infra.catalog import read_catalog

FILE = Path(__file__).with_name("placement.json")


@cache
def read_placement() -> Mapping[str, str]:
    """The recorded stacks by function."""
    placed: dict[str, str] = json.loads(FILE.read_text())
    return placed


def find_stack(declaration: Declaration, placed: Mapping[str, str] | None = None) -> str:
    """The nested stack of a function: the recorded one, or its area if it is new."""
    known = read_placement() if placed is None else placed
    return known.get(declaration.name, declaration.area)


def place(declarations: Iterable[Declaration], placed: Mapping[str, str]) -> dict[str, str]:
    """The stacks of these functions, given those that are recorded."""
    return {each.name: find_stack(each, placed) for each in sorted(declarations, key=_name)}


def _name(declaration: Declaration) -> str:
    return declaration.name


def write_placement() -> None:
    """Bring the file up to date."""
    placed = place(read_catalog().declarations, read_placement())
    FILE.write_text(json.dumps(placed, indent=2) + "\n")


if __name__ == "__main__":
    write_placement()
