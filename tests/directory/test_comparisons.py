"""Single comparisons as SQL: the operators, values and bound values of each kind of column."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from enum import EnumType
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rollcall.directory.columns import Case, Kind, find_column, read_columns
from rollcall.directory.comparisons import Part, Term, compare, compare_fact, negate
from rollcall.directory.expressions import Operator, Value
from rollcall.directory.rows import AuthMethod
from rollcall.grants.permissions import Permission
from rollcall.kit.errors import Invalid
from rollcall.kit.field_types import Slug
from rollcall.users.fields import Email, Username
from rollcall.users.profile_request import CountryCode
from rollcall.users.statuses import Status

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 (as the columns are)
OWN: dict[Kind, tuple[Value, Value]] = {
    Kind.TEXT: ("Jose\u0301 WEIß", "josé weiss"),
    Kind.NUMBER: (5, 5),
    Kind.COUNTS: (2.5, 2.5),
    Kind.BOOLEAN: (True, True),
    Kind.TIME: ("2026-03-01T13:00:00+01:00", NOON),
    Kind.DATE: ("2026-03-01", date(2026, 3, 1)),
}
"""A value for each kind, and the bound value."""
ORDERS = {*Operator} - {Operator.CO, Operator.SW, Operator.EW}
TAKEN = {
    Kind.TEXT: set(Operator),
    **dict.fromkeys((Kind.NUMBER, Kind.COUNTS, Kind.TIME, Kind.DATE), ORDERS),
    Kind.BOOLEAN: {Operator.EQ, Operator.NE},
}


def term(kind: Kind) -> Term:
    return Term("x", kind, '"x"', ("before",))


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize("operator", Operator)
def test_each_kind_supports_only_its_operators(kind: Kind, operator: Operator) -> None:
    value, bound = OWN[kind]
    if operator in TAKEN[kind]:
        assert compare(term(kind), operator, value).parameters == ("before", bound)
        return
    with pytest.raises(Invalid) as refused:
        compare(term(kind), operator, value)
    assert refused.value.errors[0].code == "filter_unsupported_operator"


@pytest.mark.parametrize("kind", OWN)
@pytest.mark.parametrize(
    "value", ["Ann", "", "5", 5, 2.5, float("nan"), True, "2026-03-01", "2026-02-30", "20:00", NOON]
)
def test_each_kind_accepts_only_its_values(kind: Kind, value: Value) -> None:
    takes = {
        Kind.TEXT: isinstance(value, str),
        Kind.BOOLEAN: value is True,
        Kind.TIME: value == "2026-03-01",
        Kind.DATE: value == "2026-03-01",
    }.get(kind, value in (5, 2.5) and value is not True)
    if takes:
        assert compare(term(kind), Operator.EQ, value).sql
        return
    with pytest.raises(Invalid) as refused:
        compare(term(kind), Operator.EQ, value)
    assert refused.value.errors[0].code == "filter_wrong_type"


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),  # noqa: DTZ001 (as the columns are)
        (date(2026, 3, 1), datetime(2026, 3, 1)),  # noqa: DTZ001 (as the columns are)
        ("2026-03-01T12:00:00Z", NOON),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), NOON),
        (datetime(2026, 3, 1, 2, tzinfo=timezone(timedelta(hours=-10))), NOON),
    ],
)
def test_times_are_bound_in_utc_without_a_time_zone(value: Value, bound: datetime) -> None:
    assert compare(term(Kind.TIME), Operator.GE, value) == Part('"x" >= ?', ("before", bound))


@pytest.mark.parametrize(
    ("operator", "value", "part"),
    [
        (Operator.GE, 50, Part("facts.number >= ?", (50.0,))),
        (Operator.EQ, True, Part("facts.number = ?", (1.0,))),
        (Operator.NE, False, Part("coalesce(facts.number <> ?, TRUE)", (0.0,))),
        (Operator.SW, "a", Part("starts_with(facts.text, ?)", ("a",))),
        (
            Operator.LT,
            "2026-03-01T12:00:00Z",
            Part("coalesce(facts.moment < ?, facts.text < ?)", (NOON, "2026-03-01t12:00:00z")),
        ),
        (
            Operator.EQ,
            "soon",
            Part("coalesce(facts.moment = ?, facts.text = ?)", (None, "soon")),
        ),
        (
            Operator.GT,
            datetime(2026, 3, 1, 12, tzinfo=UTC),
            Part("coalesce(facts.moment > ?, facts.text > ?)", (NOON, "2026-03-01t12:00:00.000z")),
        ),
    ],
)
def test_a_fact_is_compared_by_the_type_of_the_value(
    operator: Operator, value: Value, part: Part
) -> None:
    assert compare_fact("facts.a.b", operator, value) == part


def test_negation_holds_for_absent_values() -> None:
    assert negate(Part("a = ?", (1,))) == Part("NOT coalesce(a = ?, FALSE)", (1,))


def bound(column: str, value: str, operator: Operator = Operator.EQ) -> Part:
    found = find_column(column)
    assert found
    return compare(Term.of(found)._replace(kind=Kind.TEXT, optional=False), operator, value)


def written(kind: Any, value: str) -> list[str]:
    """How a field writes a value, if it takes it."""
    try:
        return [TypeAdapter(kind).validate_python(value)]
    except ValidationError:
        return []


LOWER: dict[str, Any] = {
    "email": Email,
    "username": Username,
    "userTypes": Slug,
    "status": Status,
    "authMethods": AuthMethod,
    "permissions": Permission,
}


@pytest.mark.parametrize("column", LOWER)
def test_columns_that_are_compared_as_they_are_have_only_lower_case(column: str) -> None:
    kind = LOWER[column]
    tried = ["ANN@EXAMPLE.com", "Ann@EXÄMPLE.com", "Ann.Lee", "Learner", "learner"]
    values = [*kind] if isinstance(kind, EnumType) else tried
    found = [each for value in values for each in written(kind, value)]

    assert found
    for each in found:
        assert (
            bound(column, each.upper()) == bound(column, each) == Part(f'"{column}" = ?', (each,))
        )


def test_countries_are_stored_in_upper_case() -> None:
    assert written(CountryCode, "de") == ["DE"]
    assert bound("country", "de") == bound("country", "DE") == Part('"country" = ?', ("DE",))
    assert bound("country", "DE", Operator.GT) == Part('lower("country") > ?', ("de",))


@pytest.mark.parametrize("column", ["id", "phone", "roles", "groups", "organizations"])
def test_ids_and_phone_numbers_are_compared_exactly(column: str) -> None:
    found = find_column(column)
    assert found
    assert found.case is Case.EXACT
    assert found.folded is None


def test_other_texts_are_compared_by_their_folded_form() -> None:
    texts = [each for each in read_columns().values() if each.kind in {Kind.TEXT, Kind.TEXTS}]
    others = {each.name for each in texts if each.case is Case.ANY}
    assert {"name", "uniqueId", "city", "bio", "expertise", "oauthProviders"} <= others
    assert others.isdisjoint({*LOWER, "country"})
    assert bound("city", "Zu\u0308RICH") == Part('"cityFolded" = ?', ("zürich",))


@pytest.mark.parametrize(
    "value",
    ["2026", "20260301", "86400", "20260301T120000Z", "2026-03-01T12:00Z", "2026-W09-7", 2026],
)
@pytest.mark.parametrize("kind", [Kind.TIME, Kind.DATE])
def test_only_the_forms_of_rfc_3339_are_times_and_dates(kind: Kind, value: Value) -> None:
    with pytest.raises(Invalid) as refused:
        compare(term(kind), Operator.GE, value)
    assert refused.value.errors[0].code == "filter_wrong_type"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("groups", "Sales"),
        ("roles", "Admin"),
        ("organizations", "Acme"),
        ("country", "Germany"),
        ("country", "D1"),
        ("locale", "de_DE"),
        ("timezone", "Central European Time"),
    ],
)
@pytest.mark.parametrize("operator", [Operator.EQ, Operator.NE])
def test_value_that_no_user_can_have_is_refused(
    column: str, value: str, operator: Operator
) -> None:
    found = find_column(column)
    assert found
    with pytest.raises(Invalid) as refused:
        compare(Term.of(found)._replace(kind=Kind.TEXT), operator, value)
    assert refused.value.errors[0].code == "filter_unknown_value"
    compare(Term.of(found)._replace(kind=Kind.TEXT), Operator.SW, value)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("country", "xx"),
        ("timezone", "Mars/Phobos"),
        ("timezone", "etc/gmt+5"),
        ("locale", "DE-de"),
    ],
)
def test_codes_are_known_by_their_form_alone(column: str, value: str) -> None:
    assert bound(column, value).parameters
