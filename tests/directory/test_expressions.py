"""Expressions: their attributes, and how they are joined."""

from __future__ import annotations

from rollcall.directory.expressions import (
    And,
    Comparison,
    Not,
    Operator,
    Or,
    Presence,
    TextSearch,
    ValuePath,
    conjoin,
    disjoin,
    paths_in,
)

NAMED, LOCATED, MEMBER = Presence("Name"), Presence("city"), Presence("groups")


def test_the_paths_are_those_of_all_parts_in_one_case() -> None:
    expression = And(
        (
            Or((Not(NAMED), Comparison("lastLoginAt", Operator.GT, "2026-01-01"))),
            ValuePath("Groups", Presence("value")),
            TextSearch("status"),
        )
    )

    assert paths_in(expression) == {"name", "lastloginat", "groups"}


def test_no_expression_has_no_paths() -> None:
    assert paths_in(None) == frozenset()


def test_joined_expressions_ignore_none() -> None:
    assert conjoin(NAMED, None, LOCATED) == And((NAMED, LOCATED))
    assert conjoin(None, NAMED) == NAMED
    assert conjoin(None, None) is None
    assert conjoin() is None


def test_any_of_one_is_the_one() -> None:
    assert disjoin((NAMED,)) == NAMED
    assert disjoin((NAMED, LOCATED, MEMBER)) == Or((NAMED, LOCATED, MEMBER))
