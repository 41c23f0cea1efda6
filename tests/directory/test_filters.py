"""The filters of lists, with the parameter names of existing clients (U3, U4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_snake

from rollcall.directory.columns import Kind, read_columns
from rollcall.directory.conditions import KnownFacts, KnownSource
from rollcall.directory.database import Database
from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Operator,
    Or,
    TextSearch,
)
from rollcall.directory.filter_values import NAMED, all_equalities
from rollcall.directory.filters import UserFilters, without_deleted
from rollcall.directory.scim_filter import parse_filter
from rollcall.directory.shorthands import ShortFor
from rollcall.kit.errors import Invalid
from rollcall.kit.http import GatewayEvent, read_request
from rollcall.kit.text import Line
from tests.directory.population import NOW, make_facts, make_row, open_database, select_ids

LEARNING = {
    "enrollmentCount": 2,
    "enrollmentStatuses": ("active", "completed"),
    "programTypes": ("course",),
    "programIds": ("prg_1", "prg_2"),
    "progress": 40,
    "totalTimeSpent": 90,
    "lastActivityAt": "2026-03-10T08:00:00Z",
}
KNOWN = KnownFacts({"learning": KnownSource(frozenset(LEARNING), NOW)}, NOW - timedelta(days=2))


def read(**query: str | list[str]) -> UserFilters:
    """The filters in a query."""
    given = {name: [value] if isinstance(value, str) else value for name, value in query.items()}
    event = GatewayEvent(multi_value_query_string_parameters=given)
    return read_request(event, UserFilters, has_body=False)


def ask(**query: str | list[str]) -> Expression | None:
    return read(**query).expression(NOW)


@pytest.fixture(scope="module")
def two() -> Database:
    """Ann, who has many values, and Bob, who has few."""
    ann = make_row(
        "ann",
        name="Ann Lee",
        email="ann@example.com",
        is_admin=True,
        user_types=("instructor",),
        email_verified=True,
        phone_verified=True,
        auth_methods=("email", "oauth"),
        oauth_providers=("google",),
        has_password=True,
        failed_login_attempts=3,
        locked_until=NOW + timedelta(minutes=5),
        roles=("rol_1",),
        permissions=("user.list",),
        groups=("grp_1", "grp_2"),
        organizations=("org_1",),
        created_at=NOW - timedelta(days=20),
        last_login_at=NOW - timedelta(days=5),
        profile_complete=True,
        avatar_url="https://example.com/ann.png",
        bio="Teaches.",
        location="Room 5",
        country="DE",
        state="Bavaria",
        city="Munich",
        continent="Europe",
        timezone="Europe/Berlin",
        locale="de-DE",
        gender="female",
        designation="Lecturer",
        expertise=("Algebra", "Latin"),
        birth_date="1996-03-15",
        facts=make_facts("learning", **LEARNING),
    )
    bob = make_row(
        "bob",
        status="suspended",
        user_types=("learner",),
        email_bounced=True,
        auth_methods=("phone",),
        locked_until=NOW - timedelta(minutes=5),
        created_at=NOW - timedelta(days=100),
    )
    return open_database([ann, bob])


FILTERS: list[tuple[dict[str, str], str]] = [
    ({"search": "LEE ann@"}, "ann"),
    ({"search": " "}, "ann bob"),
    ({"filter": 'name sw "a" or status eq "suspended"'}, "ann bob"),
    ({"status": "active"}, "ann"),
    ({"statuses": "active, suspended"}, "ann bob"),
    ({"status": "active", "statuses": "suspended"}, "ann bob"),
    ({"status": "deleted", "statuses": "suspended"}, "bob"),
    ({"is_admin": "true"}, "ann"),
    ({"is_admin": "false"}, "bob"),
    ({"is_instructor": "true"}, "ann"),
    ({"is_learner": "true"}, "bob"),
    ({"is_learner": "false"}, "ann"),
    ({"user_types": "learner,instructor"}, "ann bob"),
    ({"email_verified": "true"}, "ann"),
    ({"phone_verified": "false"}, "bob"),
    ({"email_bounced": "true"}, "bob"),
    ({"email_bounced": "false"}, "ann"),
    ({"auth_method": "oauth"}, "ann"),
    ({"auth_method": "phone,email"}, "ann bob"),
    ({"has_oauth": "true"}, "ann"),
    ({"has_oauth": "false"}, "bob"),
    ({"oauth_provider": "Google"}, "ann"),
    ({"has_password": "false"}, "bob"),
    ({"roles": "rol_1,rol_2"}, "ann"),
    ({"groups": "grp_2"}, "ann"),
    ({"groups": "grp_3"}, ""),
    ({"organizations": "org_1"}, "ann"),
    ({"permissions": "user.list"}, "ann"),
    ({"profile_complete": "true"}, "ann"),
    ({"has_avatar": "true"}, "ann"),
    ({"has_bio": "false"}, "bob"),
    ({"has_location": "true"}, "ann"),
    ({"country": "fr,de"}, "ann"),
    ({"state": "bavaria"}, "ann"),
    ({"city": "MUNICH"}, "ann"),
    ({"continent": "Europe"}, "ann"),
    ({"timezone": "Europe/Berlin"}, "ann"),
    ({"locale": "de-DE"}, "ann"),
    ({"gender": "female"}, "ann"),
    ({"designation": "lecturer"}, "ann"),
    ({"expertise": "latin"}, "ann"),
    ({"age_min": "30"}, "ann"),
    ({"age_min": "31"}, ""),
    ({"age_max": "30"}, "ann"),
    ({"age_max": "29"}, ""),
    ({"created_after": "2026-02-01"}, "ann"),
    ({"created_before": "2026-02-01T00:00:00+01:00"}, "bob"),
    ({"created_in_last_days": "20"}, "ann"),
    ({"created_in_last_days": "19"}, ""),
    ({"last_login_after": "2026-03-10T11:59:59Z"}, "ann"),
    ({"last_login_after": "2026-03-10T12:00:00Z"}, ""),
    ({"last_login_before": "2026-03-11"}, "ann"),
    ({"active_in_last_days": "5"}, "ann"),
    ({"inactive_for_days": "4"}, "ann bob"),
    ({"inactive_for_days": "99"}, "bob"),
    ({"inactive_for_days": "100"}, ""),
    ({"is_locked": "true"}, "ann"),
    ({"is_locked": "false"}, "bob"),
    ({"failed_login_attempts_min": "3"}, "ann"),
    ({"failed_login_attempts_max": "2"}, "bob"),
    ({"has_enrollments": "true"}, "ann"),
    ({"has_enrollments": "false"}, "bob"),
    ({"enrollment_status": "completed"}, "ann"),
    ({"enrolled_program_type": "path"}, ""),
    ({"enrolled_program_ids": "prg_2,prg_9"}, "ann"),
    ({"progress_min": "40"}, "ann"),
    ({"progress_max": "39.5"}, ""),
    ({"total_time_spent_min": "90"}, "ann"),
    ({"last_learning_activity_after": "2026-03-10T10:00:00+03:00"}, "ann"),
    ({"groups": "grp_1", "is_admin": "false"}, ""),
    ({"groups": "grp_1", "city": "munich", "filter": "name pr"}, "ann"),
    ({}, "ann bob"),
]


@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_filter_selects_the_users_it_describes(
    two: Database, query: dict[str, str], found: str
) -> None:
    assert select_ids(two, ask(**query), KNOWN) == found.split()


def test_every_filter_is_shown_to_select() -> None:
    shown = {name for query, _ in FILTERS for name in query}

    assert shown == {each.alias for each in UserFilters.model_fields.values()} - {"segment"}


def test_segment_is_no_part_of_the_expression() -> None:
    filters = read(segment="seg_1")

    assert (filters.segment, filters.expression(NOW)) == ("seg_1", None)


def test_several_values_are_repeated_or_separated_by_commas() -> None:
    assert ask(groups="a,b, c") == ask(groups=["a", "b", "c"]) == ask(groups=["a,b", "c"])
    assert ask(groups="a,b") == Or(
        (Comparison("groups", Operator.EQ, "a"), Comparison("groups", Operator.EQ, "b"))
    )


def test_comma_is_part_of_a_text() -> None:
    assert ask(designation="VP, Sales") == Comparison("designation", Operator.EQ, "VP, Sales")
    assert ask(expertise=["C, C++", "Go"]) == Or(
        (Comparison("expertise", Operator.EQ, "C, C++"), Comparison("expertise", Operator.EQ, "Go"))
    )


CODES = {"userTypes", "country", "timezone", "locale", "facts.learning.programIds"}
"""Columns whose rules for new values allow no commas."""


def test_commas_separate_ids_codes_and_fixed_values_only() -> None:
    separated = set()
    for name, field in UserFilters.model_fields.items():
        for mark in field.metadata:
            if isinstance(mark, ShortFor) and mark.filter.endswith(" eq {}"):
                value = ask(**{field.alias or name: VALUES.get(name, "a, b")})
                separated |= (
                    {mark.filter.removesuffix(" eq {}")} if isinstance(value, Or) else set()
                )

    fixed = {each.name for each in read_columns().values() if each.values}
    assert separated == fixed | {"roles", "groups", "organizations"} | CODES


VALUES = {
    "status": "active, invited",
    "statuses": "active, invited",
    "auth_method": "email, phone",
    "permissions": "user.list, user.view",
}


def read_line(text: str) -> str | None:
    """The text as a line of a profile, if it can be one."""
    try:
        return TypeAdapter(Line).validate_python(text)
    except ValidationError:
        return None


LINES = st.text(min_size=1, max_size=20).map(read_line).filter(bool)
SIGNS = st.text(alphabet="aB, ;\"'%_\\{}*?&=+", min_size=1, max_size=8).map(read_line).filter(bool)
FREE = [
    (parameter, column)
    for parameter, column in all_equalities()
    if column.kind in {Kind.TEXT, Kind.TEXTS} and not column.values and column.name not in CODES
    if column.name not in NAMED
]


@settings(max_examples=60)
@given(value=st.one_of(SIGNS, LINES))
def test_every_value_is_found_by_its_parameter(value: str) -> None:
    columns = {column.name: column for _, column in FREE}
    profile = {
        to_snake(name): (value,) if column.kind is Kind.TEXTS else value
        for name, column in columns.items()
    }
    database = open_database([make_row("usr_1", **profile), make_row("usr_2")])

    for parameter, column in FREE:
        assert select_ids(database, ask(**{parameter: value})) == ["usr_1"], column.name


def test_parameters_can_be_spelled_as_attributes_of_filters() -> None:
    assert ask(isAdmin="true", createdInLastDays="3") == ask(
        is_admin="true", created_in_last_days="3"
    )


@pytest.mark.parametrize(
    "query",
    [
        {"isAdmins": "true"},
        {"unknown": "1"},
        {"status": "gone"},
        {"status": ""},
        {"groups": "a,,b"},
        {"groups": ",".join(["grp_1"] * 51)},
        {"groups": "g" * 201},
        {"is_admin": "perhaps"},
        {"is_admin": ["true", "false"]},
        {"auth_method": "pigeon"},
        {"age_min": "-1"},
        {"age_min": "1.5"},
        {"age_max": "151"},
        {"created_after": "yesterday"},
        {"created_after": "2026-02-30"},
        {"created_after": "2026-02-03T00:00:00"},
        {"created_in_last_days": "36501"},
        {"failed_login_attempts_min": "9" * 60},
        {"progress_min": "nan"},
        {"search": "s" * 201},
        {"search": "\ud800"},
        {"filter": "f" * 8001},
    ],
)
def test_unknown_names_and_bad_values_are_refused(query: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        read(**query)

    (name,) = query
    assert {each.field.partition(".")[0] for each in refused.value.errors} == {name}


def test_malformed_filter_is_refused_with_its_field() -> None:
    with pytest.raises(Invalid) as refused:
        ask(filter="name is")

    assert refused.value.errors[0].field == "filter"


DELETED = Comparison("status", Operator.NE, "deleted")


@pytest.mark.parametrize("text", ["name pr", 'groups[value eq "status"]', 'name eq "status"'])
def test_deleted_users_are_excluded_unless_the_filter_selects_them(text: str) -> None:
    expression = parse_filter(text)

    assert without_deleted(expression) == And((expression, DELETED))
    assert without_deleted(None) == DELETED
    assert without_deleted(TextSearch("status")) == And((TextSearch("status"), DELETED))


@pytest.mark.parametrize(
    "text",
    ['STATUS eq "deleted"', "name pr or not (deletedAt pr)", 'status ne "active"', "deleted_at pr"],
)
def test_filters_that_select_deleted_users_are_not_changed(text: str) -> None:
    expression = parse_filter(text)

    assert without_deleted(expression) == expression
