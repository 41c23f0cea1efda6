"""Parameters that are short for filters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from rollcall.directory.expressions import And, Comparison, Not, Operator, Or, Presence
from rollcall.directory.shorthands import (
    A_YEAR_MORE_AGO,
    DAYS_AGO,
    NOW,
    YEARS_AGO,
    ShortFor,
)
from rollcall_infra.catalog import read_catalog
from rollcall_infra.openapi import build_document

TODAY = datetime(2026, 3, 15, 12, tzinfo=UTC)


def test_value_fills_every_placeholder_and_only_these() -> None:
    shorthand = ShortFor('a lt {} or (b lt {} and not (c eq "x"))', DAYS_AGO)
    day = TODAY - timedelta(days=2)

    assert shorthand.expression(2, TODAY) == Or(
        (
            Comparison("a", Operator.LT, day),
            And((Comparison("b", Operator.LT, day), Not(Comparison("c", Operator.EQ, "x")))),
        )
    )


def test_false_negates_the_filter() -> None:
    shorthand = ShortFor("avatarUrl pr")
    assert shorthand.expression(True, TODAY) == Presence("avatarUrl")
    assert shorthand.expression(False, TODAY) == Not(Presence("avatarUrl"))
    locked = ShortFor("lockedUntil gt {}", NOW).expression(True, TODAY)
    assert locked == Comparison("lockedUntil", Operator.GT, TODAY)


def age(born: date, today: date) -> int:
    """In full years."""
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (not had_birthday)


@given(
    born=st.dates(date(1890, 1, 1), date(2026, 12, 31)) | st.just(date(2004, 2, 29)),
    years=st.integers(0, 120),
    after=st.integers(-3, 3),
)
@example(born=date(2004, 2, 29), years=18, after=0)
@example(born=date(2004, 2, 29), years=18, after=1)
@example(born=date(2003, 2, 28), years=21, after=1)
def test_ages_change_on_birthdays(born: date, years: int, after: int) -> None:
    near = date(born.year + years, born.month, min(born.day, 28)) + timedelta(days=after)
    now = datetime(near.year, near.month, near.day, 23, 59, tzinfo=UTC)

    at_least = ShortFor("birthDate le {}", YEARS_AGO).expression(years, now)
    at_most = ShortFor("birthDate gt {}", A_YEAR_MORE_AGO).expression(years, now)

    assert isinstance(at_least, Comparison)
    assert isinstance(at_least.value, date)
    assert at_least == Comparison("birthDate", Operator.LE, at_least.value)
    assert (born <= at_least.value) == (age(born, near) >= years)
    assert isinstance(at_most, Comparison)
    assert isinstance(at_most.value, date)
    assert at_most == Comparison("birthDate", Operator.GT, at_most.value)
    assert (born > at_most.value) == (age(born, near) <= years)


def test_api_document_has_the_filter_of_each_parameter() -> None:
    document = build_document(read_catalog().operations)
    parameters = {
        each["name"]: each for each in document["paths"]["/admin/users"]["get"]["parameters"]
    }

    assert parameters["has_avatar"] == {
        "name": "has_avatar",
        "in": "query",
        "required": False,
        "schema": {"type": "boolean"},
        "description": "Short for `avatarUrl pr`. false negates the filter.",
    }
    groups = parameters["groups"]
    assert groups["schema"]["type"] == "array"
    assert groups["schema"]["items"] == {"type": "string", "minLength": 1, "maxLength": 200}
    assert groups["description"].startswith("Short for `groups eq <the value>`. To match any")
    assert parameters["status"]["schema"]["items"] == {"$ref": "#/components/schemas/Status"}
    assert parameters["created_after"]["schema"] == {
        "type": "string",
        "anyOf": [{"format": "date-time"}, {"format": "date"}],
    }
    assert "birthDate le <this many years ago today>" in parameters["age_min"]["description"]
