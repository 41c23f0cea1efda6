"""``and``, ``or`` and ``not`` as SQL."""

from __future__ import annotations

import pytest

from rollcall.directory.comparisons import Part
from rollcall.directory.connectives import Leaf, OneOf, combine, join
from rollcall.directory.expressions import Comparison, Not, Operator, Or, Presence
from rollcall.directory.scim_filter import parse_filter
from rollcall.kit.errors import Invalid

IGNORED = "x"
"""The path of the leaves to ignore."""


def compile_leaf(leaf: Leaf) -> Part | None:
    match leaf:
        case Presence(path):
            return Part(f"has {path}")
        case Comparison(path, _, value) if path != IGNORED:
            return Part(f"{path} = ?", (value,))
        case OneOf(path, values):
            return Part(f"{path} in {len(values)}", values)
        case _:
            return None


@pytest.mark.parametrize(
    ("text", "sql", "parameters"),
    [
        ("a eq 1", "a = ?", (1,)),
        ("a eq 1 and b eq 2", "(a = ? AND b = ?)", (1, 2)),
        ("a eq 1 or b eq 2 and c eq 3", "((b = ? AND c = ?) OR a = ?)", (2, 3, 1)),
        ("not (a eq 1)", "NOT coalesce(a = ?, FALSE)", (1,)),
        ("a eq null", "NOT coalesce(has a, FALSE)", ()),
        ("a ne null", "has a", ()),
        ("a eq 1 and x eq 2", "a = ?", (1,)),
        ("a eq 1 or not (x eq 2)", "a = ?", (1,)),
    ],
)
def test_connectives_keep_the_order_of_values_and_drop_what_is_ignored(
    text: str, sql: str, parameters: tuple[object, ...]
) -> None:
    assert combine(parse_filter(text), compile_leaf) == Part(sql, parameters)


def test_nothing_is_left_if_everything_is_ignored() -> None:
    assert combine(parse_filter("not (x eq 1 or x eq 2 and x eq 3)"), _ignore) is None


def _ignore(leaf: Leaf) -> None:
    """Ignore every leaf."""


def test_alternative_values_of_one_attribute_are_compared_at_once() -> None:
    part = combine(parse_filter("a eq 1 or b eq 5 or a eq 2 or a gt 3 or a eq null"), compile_leaf)
    assert part == Part("(a = ? OR NOT coalesce(has a, FALSE) OR a in 2 OR b = ?)", (3, 1, 2, 5))


def test_values_compared_at_once_are_spelled_out_as_single_comparisons() -> None:
    assert OneOf("a", (1, 2)).spell_out("b") == Or(
        (Comparison("b", Operator.EQ, 1), Comparison("b", Operator.EQ, 2))
    )


def test_null_has_no_order() -> None:
    with pytest.raises(Invalid) as refused:
        combine(Not(Comparison("a", Operator.GT, None)), compile_leaf)
    assert refused.value.errors[0].message == "a does not support gt null. Use eq null or ne null."


def test_single_part_needs_no_parentheses() -> None:
    part = Part("a = ?", (1,))
    assert join(" AND ", [None, part, None]) == part
    assert join(" AND ", []) is None
