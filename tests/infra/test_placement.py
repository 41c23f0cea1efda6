"""A function that moves to another area can be deployed."""

from __future__ import annotations

import json
from dataclasses import replace

from functions.users.add_note import add_note
from rollcall_infra.catalog import read_catalog
from rollcall_infra.placement import FILE, find_stack, place, read_placement

MOVED = replace(add_note, module="functions.groups.add_note")


def test_function_that_has_moved_stays_in_its_stack() -> None:
    """CloudFormation would create the function of this name a second time, in the other stack."""
    assert MOVED.area == "groups"
    assert find_stack(MOVED) == find_stack(add_note) == "users"
    assert place([MOVED], {"add_note": "users"}) == {"add_note": "users"}


def test_new_function_is_placed_with_its_area_and_a_deleted_one_is_forgotten() -> None:
    new = replace(add_note, name="add_remark", module="functions.groups.add_remark")
    assert find_stack(new) == "groups"
    assert place([new], {"add_note": "users"}) == {"add_remark": "groups"}


def test_committed_file_names_every_function() -> None:
    functions = read_catalog().declarations
    assert json.loads(FILE.read_text()) == place(functions, read_placement()), (
        "Write it again: .venv/bin/python -m rollcall_infra.placement"
    )
