"""The rules for capacity units, with examples of the DynamoDB Developer Guide."""

from __future__ import annotations

import pytest

from tests.benchmarks.capacity import item_size, read_units, write_units


def sized(size: int, **attributes: str) -> dict[str, str]:
    """An item of exactly this many bytes."""
    item = {**attributes, "x": ""}
    return {**item, "x": "." * (size - item_size(item))}


def test_item_size_is_the_size_of_names_and_values() -> None:
    assert item_size({"pk": "é"}) == 4
    assert item_size({"n": 27}) == 3
    assert item_size({"n": -27}) == 4
    assert item_size({"n": 1000}) == 3
    assert item_size({"b": True, "z": None}) == 4
    assert item_size({"m": {"a": "b"}}) == 1 + 3 + 1 + 2
    assert item_size({"l": ["a", "b"]}) == 1 + 3 + 2 + 2


@pytest.mark.parametrize(
    ("sizes", "consistent", "units"),
    [
        ([4096], True, 1),
        ([4097], True, 2),
        ([3072], False, 0.5),
        ([2048, 2048, 2048], True, 2),
        ([], True, 1),
        ([], False, 0.5),
    ],
)
def test_reads_are_summed_and_rounded_up_to_four_kilobytes(
    sizes: list[int], consistent: bool, units: float
) -> None:
    assert read_units(sizes, consistent=consistent) == units


def test_write_costs_the_larger_item_and_double_in_a_transaction() -> None:
    small, large = sized(500), sized(1500)
    assert write_units(None, small, transactional=False) == 1
    assert write_units(small, large, transactional=False) == 2
    assert write_units(large, None, transactional=True) == 4
    assert write_units(None, None, transactional=True) == 2


def test_index_entry_costs_one_write_if_it_changes_and_two_if_it_moves() -> None:
    plain = sized(500)
    listed = sized(500, gsi1pk="A", gsi1sk="1")
    moved = sized(500, gsi1pk="A", gsi1sk="2")
    changed = {**listed, "y": "new"}
    assert write_units(plain, listed, transactional=False) == 1 + 1
    assert write_units(listed, changed, transactional=False) == 1 + 1
    assert write_units(listed, moved, transactional=False) == 1 + 2
    assert write_units(listed, None, transactional=True) == 2 + 1
    assert write_units(listed, listed, transactional=False) == 1
