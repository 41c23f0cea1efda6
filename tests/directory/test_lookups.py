"""Conditions on groups and facts: many select the same users as few, in a bounded time."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings

from rollcall.directory.comparisons import Part
from rollcall.directory.conditions import compile_condition
from rollcall.directory.database import Database
from rollcall.directory.expressions import And, Comparison, Expression, Not, Operator
from rollcall.directory.lookups import ONE_BY_ONE_AT_MOST, InOnePass, OneByOne, Values
from rollcall.directory.scim_filter import LENGTH_AT_MOST, parse_filter
from tests.directory.population import (
    ALL_KNOWN,
    make_facts,
    number_rows,
    open_database,
    select_ids,
    select_where,
)
from tests.directory.questions import EXPRESSIONS, holds, make_population

GROUPS = Values("elements", Part("elements.list = ?", ("groups",)))
FACTS = Values("facts", Part("facts.source = ?", ("learning",)))
TRUE_FOR_ALL = tuple(
    Not(Comparison("groups", Operator.EQ, f"grp_none{each}"))
    for each in range(ONE_BY_ONE_AT_MOST + 1)
)


@pytest.fixture(scope="module")
def many() -> Database:
    """5,000 users, each in two groups and with facts."""
    facts = make_facts("learning", progress=50, programIds=("algebra", "latin"))
    return open_database(number_rows(0, 5_000, groups=("grp_1", "grp_2"), facts=facts))


USERS = make_population(100)
POPULATION = open_database(USERS)


@settings(max_examples=100)
@given(expression=EXPRESSIONS)
def test_many_conditions_select_the_users_that_they_describe(expression: Expression) -> None:
    meant = sorted(user.id for user in USERS if holds(user, expression))

    assert select_ids(POPULATION, And((expression, *TRUE_FOR_ALL))) == meant


@pytest.mark.parametrize("lookups", [OneByOne(), InOnePass()], ids=["one by one", "in one pass"])
def test_user_without_values_meets_no_condition(lookups: OneByOne | InOnePass) -> None:
    true = Part("TRUE")
    found = [lookups.any_where(FACTS, true), lookups.all_where(GROUPS, true)]

    assert [each.parameters for each in found] in ([("learning",), ("groups",)], [(), ()])
    assert all("NULL" not in each.sql for each in found)


def test_each_attribute_is_read_once_and_equal_conditions_are_computed_once() -> None:
    lookups = InOnePass()
    conditions = [Part("elements.value = ?", (each,)) for each in ("a", "b", "a")]

    found = [lookups.any_where(GROUPS, each) for each in conditions]
    joined = lookups.join(Part("x AND ?", ("last",)))

    assert found[0] == found[2] != found[1]
    assert joined.sql.count("FROM elements") == 1
    assert joined.parameters == ("a", "b", "groups", "last")


@pytest.mark.parametrize("connective", [" and ", " or "])
@pytest.mark.parametrize(
    "comparison",
    [
        'groups eq "grp_{}"',
        'groups ne "grp_{}"',
        'groups co "{}"',
        'not (groups eq "grp_{}")',
        'groups pr and groups sw "{}"',
        "facts.learning.progress gt {}",
        "facts.learning.progress ne {}",
        'facts.learning.programIds co "{}" and groups ew "{}"',
        'expertise co "{}"',
        'name ne "{}"',
    ],
)
def test_filter_of_the_maximal_length_takes_less_than_a_second(
    many: Database, comparison: str, connective: str
) -> None:
    number = LENGTH_AT_MOST // (len(comparison) + len(connective) + 3)
    text = connective.join(comparison.replace("{}", str(each)) for each in range(number))
    started = process_time()

    select_where(many, compile_condition(parse_filter(text), ALL_KNOWN))

    assert process_time() - started < 1
