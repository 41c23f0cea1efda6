"""Counts of users, against counts without SQL."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.directory.columns import find_column
from rollcall.directory.conditions import Condition, compile_condition
from rollcall.directory.database import Database
from rollcall.directory.expressions import Comparison, Expression, Operator
from rollcall.directory.rows import StoredRow
from rollcall.directory.scim_filter import parse_filter
from rollcall.directory.tallies import add_up, count_created_before, count_each, count_values
from rollcall.users.statuses import Status
from tests.directory.population import ALL_KNOWN, NOW, make_row, open_database
from tests.directory.questions import make_population

ALL = Condition("TRUE")
ACTIVE = compile_condition(Comparison("status", Operator.EQ, "active"), ALL_KNOWN)
POPULATION = [
    row.model_copy(update={"created_at": NOW + timedelta(milliseconds=number // 3)})
    for number, row in enumerate(make_population(300))
]


@pytest.fixture(scope="module")
def database() -> Database:
    return open_database(POPULATION)


def count(rows: list[StoredRow], column: str) -> list[tuple[str, int]]:
    """The values of a list, and how many have each: the most frequent first, then in order."""
    found = Counter(value for row in rows for value in getattr(row, column))
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))


def test_each_expression_is_counted_for_each_status(database: Database) -> None:
    asked: list[Expression] = [
        parse_filter('groups eq "grp_1"'),
        parse_filter('not (city pr) or city co "an"'),
    ]

    counts = count_each(database, ALL, asked)

    assert list(counts) == list(Status)
    for status, found in counts.items():
        rows = [row for row in POPULATION if row.status is status]
        in_group = [row for row in rows if "grp_1" in row.groups]
        elsewhere = [row for row in rows if row.city is None or "an" in row.city.lower()]
        assert found == [len(rows), len(in_group), len(elsewhere)]


def test_status_without_users_and_column_without_values_count_as_nought() -> None:
    database = open_database([make_row("usr_1")])

    counts = count_each(database, ALL, [parse_filter('lastLoginAt ge "2026-01-01"')])

    assert counts == {each: [int(each is Status.ACTIVE), 0] for each in Status}
    assert add_up(counts.values()) == [1, 0]


def test_counts_are_of_the_users_whom_the_condition_selects(database: Database) -> None:
    counts = count_each(database, ACTIVE, [])

    active = sum(row.status is Status.ACTIVE for row in POPULATION)
    assert counts == {each: [active if each is Status.ACTIVE else 0] for each in Status}


@pytest.mark.parametrize("condition", [ALL, ACTIVE], ids=["all", "active"])
def test_values_of_a_list_are_counted_one_by_one(database: Database, condition: Condition) -> None:
    rows = [row for row in POPULATION if condition is ALL or row.status is Status.ACTIVE]
    column = find_column("groups")
    assert column is not None

    assert count_values(database, condition, column) == count(rows, "groups")
    assert count_values(database, condition, column, 2) == count(rows, "groups")[:2]


def test_what_is_absent_is_no_value(database: Database) -> None:
    column = find_column("country")
    assert column is not None
    found = Counter(row.country for row in POPULATION if row.country)

    assert dict(count_values(database, ALL, column)) == found


@given(st.lists(st.integers(-5, 105), max_size=12))
def test_users_created_before_each_moment_are_counted(
    database: Database, milliseconds: list[int]
) -> None:
    moments = [NOW + timedelta(milliseconds=each) for each in milliseconds]

    counts = count_created_before(database, ALL, moments)

    assert counts == {each: sum(row.created_at < each for row in POPULATION) for each in moments}


def test_nobody_was_created_before_anything_where_nobody_is() -> None:
    nobody = Database()
    nobody.build([])

    assert count_created_before(nobody, ALL, [NOW]) == {NOW: 0}


def test_moments_are_exact_to_the_millisecond() -> None:
    database = open_database([make_row("usr_1", created_at=NOW)])
    later = NOW + timedelta(milliseconds=1)

    assert count_created_before(database, ALL, [later, NOW]) == {NOW: 0, later: 1}
