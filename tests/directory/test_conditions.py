"""Expressions as SQL (U2, U3, U4): they select the right users, and input never becomes SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rollcall.directory.columns import find_column, read_stored_columns
from rollcall.directory.conditions import (
    Condition,
    KnownFacts,
    KnownSource,
    SkippedFilter,
    compile_condition,
)
from rollcall.directory.database import Database
from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    Presence,
    TextSearch,
    ValuePath,
)
from rollcall.directory.scim_filter import parse_filter
from rollcall.kit.errors import Invalid
from rollcall.kit.near_misses import spelling
from tests.directory.population import (
    ALL_KNOWN,
    NOW,
    make_facts,
    make_row,
    open_database,
    open_three_users,
    select_ids,
    select_where,
)
from tests.directory.questions import EXPRESSIONS, SEARCHES, holds, make_population


class Population:
    """Many users with different values, and a database with them."""

    def __init__(self) -> None:
        self.users = make_population(150)
        self.database = open_database(self.users)

    def __repr__(self) -> str:
        return "the population"


@pytest.fixture(scope="module")
def population() -> Population:
    """One population for all tests."""
    return Population()


@settings(max_examples=500)
@given(expression=st.one_of(EXPRESSIONS, EXPRESSIONS, SEARCHES))
def test_sql_selects_the_users_that_the_expression_describes(
    population: Population, expression: Expression
) -> None:
    meant = sorted(user.id for user in population.users if holds(user, expression))

    assert select_ids(population.database, expression) == meant


@settings(max_examples=100)
@given(expression=st.one_of(EXPRESSIONS, SEARCHES))
def test_each_user_matches_either_an_expression_or_its_negation(
    population: Population, expression: Expression
) -> None:
    if compile_condition(expression, ALL_KNOWN).sql == "TRUE":
        return  # it asks about nothing that anybody knows, and so does its contrary
    database = population.database
    found = select_ids(database, expression) + select_ids(database, Not(expression))

    assert sorted(found) == sorted(user.id for user in population.users)


@pytest.fixture(scope="module")
def three() -> Database:
    """The three users of the population."""
    return open_three_users()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('name eq "ZOË WEISS"', "zoe"),
        ('name eq "ZOE WEISS"', ""),
        ('name eq "zoe\u0308 weiss"', "zoe"),
        ('name eq "ZOË WEIß"', "zoe"),
        ('name ne "zoë weiß"', "ann nobody"),
        ('NAME co "0%"', "ann"),
        ('name co "_"', ""),
        ('name sw "100%"', ""),
        ('name ew "100%"', "ann"),
        ('name ew "zoë"', ""),
        ('name gt "b"', "zoe"),
        ('email sw "ZOE@"', "zoe"),
        ('id eq "usr_ann"', "ann"),
        ('id eq "USR_ANN"', ""),
        ('country eq "de"', "zoe"),
        ('name eq "ann 100%" or email eq "zoe@example.com" or name eq "x"', "ann zoe"),
        ('country eq "fr" or country eq null or country eq "de"', "ann nobody zoe"),
        ('birthDate eq "1990-05-01" or birthDate eq "1990-05-02"', "zoe"),
        ("resources.workspace eq 2 or resources.workspace eq 5", "zoe"),
        ("name pr", "ann zoe"),
        ("group_count ge 0 and workspace_count ge 0 and NAME pr", "ann zoe"),
        ("name eq null", "nobody"),
        ("name ne null", "ann zoe"),
        ('not (name co "z")', "ann nobody"),
        ('status eq "Deleted"', "nobody"),
        ("isAdmin eq false", "ann nobody zoe"),
        ("groupCount lt 0.5", "ann nobody zoe"),
        ('lastLoginAt gt "2026-03-01T10:00:00+01:00"', "zoe"),
        ('lastLoginAt lt "2026-03-01"', ""),
        ('lastLoginAt ne "2026-03-01T10:00:00Z"', "ann nobody"),
        ('birthDate le "1990-05-01"', "zoe"),
        ("resources.workspace ge 2", "zoe"),
        ("resources.workspace eq 0", "ann nobody"),
        ("resources.workspace pr", "zoe"),
    ],
)
def test_filter_selects_the_users_it_describes(three: Database, text: str, found: str) -> None:
    selected = select_ids(three, parse_filter(text))

    assert [each.removeprefix("usr_") for each in selected] == found.split()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("weiss zoë", ["usr_zoe"]),
        ("  100% ", ["usr_ann"]),
        ("zoe@EXAMPLE", ["usr_zoe"]),
        ("zoë ann", []),
        (" ", ["usr_ann", "usr_nobody", "usr_zoe"]),
    ],
)
def test_search_finds_the_users_who_match_every_word(
    three: Database, text: str, found: list[str]
) -> None:
    assert select_ids(three, TextSearch(text)) == found


def test_no_expression_selects_all_users(three: Database) -> None:
    assert compile_condition(None, ALL_KNOWN) == Condition("TRUE")


def test_condition_is_joined_with_others_without_parentheses(three: Database) -> None:
    condition = compile_condition(parse_filter('name sw "z" or name sw "a"'), ALL_KNOWN)
    both = replace(condition, sql=f"country IS NOT NULL AND {condition.sql}")

    assert select_where(three, both) == ["usr_zoe"]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('last_login eq "x"', "unknown_attribute", "Did you mean lastLoginAt? The attribute"),
        ('emial eq "x"', "unknown_attribute", "Did you mean email? The attribute"),
        ('nickname eq "x"', "unknown_attribute", "The attribute nickname does not exist."),
        ('searchText co "x"', "unknown_attribute", "searchText"),
        ('name.first eq "x"', "unknown_attribute", "name.first"),
        ("resources pr", "unknown_attribute", "as in resources.workspace"),
        ("facts.learning pr", "unknown_attribute", "as in facts.learning.progress"),
        ("name eq 5", "wrong_type", "name requires text in double quotation marks."),
        ('groupCount eq "5"', "wrong_type", "groupCount requires a number."),
        ("isAdmin eq 1", "wrong_type", "isAdmin requires true or false."),
        ('createdAt gt "yesterday"', "wrong_type", "createdAt requires a date, or a time"),
        ('createdAt gt "2026-01-01T00:00:00"', "wrong_type", "with an offset"),
        ('createdAt gt "0001-01-01T00:00:00+14:00"', "wrong_type", "createdAt requires a date"),
        ('birthDate eq "2026-01-01T00:00:00Z"', "wrong_type", "birthDate requires a date"),
        (r'name eq "\ud800"', "wrong_type", "name requires text"),
        (
            "isAdmin gt true",
            "unsupported_operator",
            "isAdmin does not support gt. Use eq, ne or pr.",
        ),
        ('createdAt co "2026"', "unsupported_operator", "createdAt does not support co"),
        (
            "resources.workspace sw 2",
            "unsupported_operator",
            "resources.workspace does not support",
        ),
        ("name gt null", "unsupported_operator", "name does not support gt null"),
        ('status[value eq "active"]', "unsupported_operator", "status does not support brackets"),
    ],
)
def test_what_an_attribute_does_not_support_is_refused(text: str, code: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        compile_condition(parse_filter(text), ALL_KNOWN)

    (error,) = refused.value.errors
    assert (error.field, error.code) == ("filter", f"filter_{code}")
    assert message in error.message


@pytest.mark.parametrize(
    ("text", "found", "skipped"),
    [
        ("facts.learning.grade eq 1", 3, {"facts.learning.grade eq 1": "unknown_fact"}),
        ("facts.payroll.wage gt 1", 3, {"facts.payroll.wage gt 1": "unknown_source"}),
        ('facts.hr.level eq "A"', 3, {'facts.hr.level eq "A"': "stale_source"}),
        ("not (facts.hr.level pr)", 3, {"facts.hr.level pr": "stale_source"}),
        ("facts.hr.level eq null", 3, {"facts.hr.level pr": "stale_source"}),
        ('name sw "z" and facts.hr.level pr', 1, {"facts.hr.level pr": "stale_source"}),
        ('name sw "z" or facts.hr.level pr', 1, {"facts.hr.level pr": "stale_source"}),
        (
            'name sw "z" and not (facts.hr.a pr or facts.hr.level pr or facts.hr.a pr)',
            1,
            {"facts.hr.a pr": "stale_source", "facts.hr.level pr": "stale_source"},
        ),
        ("facts.hr.level[value gt 1]", 3, {"facts.hr.level[value gt 1]": "stale_source"}),
        (
            "facts.hr.a eq 1 or facts.hr.a eq 2",
            3,
            {"facts.hr.a eq 1 or facts.hr.a eq 2": "stale_source"},
        ),
        ("facts.learning.progress ge 50", 1, {}),
    ],
)
def test_unknown_facts_are_ignored_and_reported(
    three: Database, text: str, found: int, skipped: dict[str, Any]
) -> None:
    stale = KnownSource(frozenset({"level", "a"}), NOW - timedelta(days=3))
    known = replace(ALL_KNOWN, sources={**ALL_KNOWN.sources, "hr": stale})

    condition = compile_condition(parse_filter(text), known)

    assert len(select_where(three, condition)) == found
    assert condition.skipped == tuple(
        SkippedFilter(filter=each, reason=reason) for each, reason in skipped.items()
    )


_WORD = re.compile(
    r'(?P<column>"[^"]*")|(?P<word>[A-Za-z_.][A-Za-z_.0-9]*)|(?P<number>\d+)|(?P<sign>[?()\[\],:]|[<>=]+)|\s+'
)
_COLUMNS = {f'"{each.name}"' for each in read_stored_columns()}
_WORDS = re.compile(
    r"AND|OR|NOT|TRUE|FALSE|IS|NULL|IN|SELECT|FROM|WHERE|GROUP|BY|HAVING|LEFT|JOIN|AS|ON|bool_and|bool_or|coalesce|lower|upper|contains|starts_with"
    r"|ends_with|md5_number|len|list_contains|list_transform|lambda|element"
    r"|users|users\.key|values[0-9]+|values[0-9]+\.(key|a[0-9]+)|a[0-9]+"
    r"|key|facts|facts\.(key|source|name|number|text|moment)|elements|elements\.(key|list|value|number)"
)


def assert_has_no_input(condition: Condition) -> None:
    """Assert that every word of the SQL is a column name or one of the words in this file."""
    words = list(_WORD.finditer(condition.sql))
    assert "".join(each[0] for each in words) == condition.sql
    for each in words:
        assert each["column"] is None or each["column"] in _COLUMNS
        assert each["word"] is None or _WORDS.fullmatch(each["word"])
        assert each["number"] in {None, "0"}
    assert condition.sql.count("?") == len(condition.parameters)


@pytest.mark.parametrize(
    "text",
    [
        "FACTS.LEARNING.PROGRESS ge 50",
        'facts.Learning.PROGRAMIDS eq "algebra"',
        "Facts.learning.progress[VALUE ge 50]",
        "RESOURCES.WORKSPACE gt 0",
        'EMAIL sw "zoe"',
        'GROUPS.VALUE eq "grp_a"',
        'urn:ietf:params:scim:schemas:core:2.0:USER:EMAIL sw "zoe"',
    ],
)
def test_names_of_attributes_sources_facts_and_types_have_no_case(text: str) -> None:
    condition = compile_condition(parse_filter(text), ALL_KNOWN)

    assert select_where(open_three_users(), condition) == ["usr_zoe"]
    assert not condition.skipped


@settings(max_examples=300)
@given(expression=st.one_of(EXPRESSIONS, SEARCHES))
def test_sql_consists_of_known_words_only(expression: Expression) -> None:
    assert_has_no_input(compile_condition(expression, ALL_KNOWN))


NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            '"',
            "'",
            "name\" = '' OR TRUE --",
            "'; DROP TABLE users; --",
            "?",
            "$1",
            "{}",
            "{0}",
            "name\x00",
            "value",
            "facts",
            "facts.learning.progress') OR TRUE --",
            "resources.x'] OR TRUE --",
            'groups.value"',
            "element",
            "\uff4eame",
            "İd",
        ]
    ),
)


@settings(max_examples=500)
@given(
    path=st.sampled_from(["{0}", "{0}.{1}", "facts.{0}.{1}", "resources.{0}", "groups.{0}"]),
    first=NASTY,
    rest=NASTY,
    compared=st.tuples(st.sampled_from(Operator), NASTY),
)
def test_names_from_input_never_become_sql(
    population: Population, path: str, first: str, rest: str, compared: tuple[Operator, str]
) -> None:
    asked = path.format(first, rest)
    source, _, name = asked.partition(".")[2].partition(".")
    known = KnownFacts({source: KnownSource(frozenset({name}), NOW)}, NOW)
    for expression in (
        Comparison(asked, *compared),
        Presence(asked),
        ValuePath(asked, Comparison(rest, *compared)),
        ValuePath("groups", Comparison(first, *compared)),
    ):
        with suppress(Invalid):
            condition = compile_condition(expression, known)
            assert_has_no_input(condition)
            select_where(population.database, condition)


@settings(max_examples=300)
@given(
    text=st.one_of(
        NASTY, st.builds("name eq {0} or {1} pr and groups[{2}]".format, NASTY, NASTY, NASTY)
    )
)
def test_filters_from_input_never_become_sql(text: str) -> None:
    with suppress(Invalid):
        assert_has_no_input(compile_condition(parse_filter(text), ALL_KNOWN))


LIMITED = {"lastLoginAt", "birthDate", "groups", "groups.value", "status", "country", "locale"}
"""Attributes that do not accept every text."""


def _with_texts(expression: Expression, change: Callable[[str], str]) -> Expression:
    """The same expression with other texts."""
    match expression:
        case And(operands) | Or(operands):
            return type(expression)(tuple(_with_texts(each, change) for each in operands))
        case Not(operand):
            return Not(_with_texts(operand, change))
        case ValuePath(path, condition) if path not in LIMITED:
            return ValuePath(path, _with_texts(condition, change))
        case Comparison(path, how, str() as text) if path not in LIMITED:
            return Comparison(path, how, change(text))
        case _:
            return expression


@settings(max_examples=300)
@given(expression=EXPRESSIONS, text=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_never_changes_the_sql(expression: Expression, text: str) -> None:
    changed: dict[str, str] = {}  # equal conditions are computed once, so unequal ones stay so
    other = _with_texts(expression, lambda each: changed.setdefault(each, f"{text}{len(changed)}"))

    before, after = (compile_condition(each, ALL_KNOWN) for each in (expression, other))

    assert before.sql == after.sql


UNKNOWN = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    path=st.sampled_from(["status", "authMethods", "permissions", "STATUS"]),
    how=st.sampled_from([Operator.EQ, Operator.NE]),
    value=UNKNOWN,
)
def test_value_that_an_enumeration_does_not_have_is_refused_with_those_that_it_has(
    path: str, how: Operator, value: str
) -> None:
    column = find_column(path)
    assert column is not None
    assert len(column.values) > 2
    assume(spelling(value) not in set(map(spelling, column.values)))
    for asked in (
        Comparison(path, how, value),
        Or(
            (
                Comparison(path, Operator.EQ, min(column.values)),
                Comparison(path, Operator.EQ, value),
            )
        ),
    ):
        with pytest.raises(Invalid) as refused:
            compile_condition(asked, ALL_KNOWN)
        (error,) = refused.value.errors
        assert error.code == "filter_unknown_value"
        assert all(each in error.message for each in column.values)
    for known in column.values:
        compile_condition(Comparison(path, how, known.upper()), ALL_KNOWN)


@given(path=st.sampled_from(["groups", "roles", "organizations"]), name=UNKNOWN)
def test_name_of_a_group_instead_of_its_id_is_refused(path: str, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        compile_condition(ValuePath(path, Comparison("value", Operator.EQ, name)), ALL_KNOWN)
    assert refused.value.errors[0].code == "filter_unknown_value"
    compile_condition(Comparison(path, Operator.CO, name), ALL_KNOWN)


@pytest.mark.parametrize("path", ["facts.learning.PROGRESS", "Facts.LEARNING.progress"])
def test_names_of_facts_are_case_insensitive(path: str) -> None:
    """RFC 7643 section 2.1."""
    rows = [
        make_row("usr_1", facts=make_facts("learning", progress=5)),
        make_row("usr_2", facts=make_facts("learning", proGress=5)),
        make_row("usr_3", facts=make_facts("learning", progress=4)),
    ]
    known = KnownFacts({"learning": KnownSource(frozenset({"progress", "proGress"}), NOW)}, NOW)
    condition = compile_condition(Comparison(path, Operator.EQ, 5), known)
    assert not condition.skipped
    assert select_where(open_database(rows), condition) == ["usr_1", "usr_2"]


@given(name=st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True))
def test_unknown_type_of_resources_is_skipped_and_said(name: str) -> None:
    types = frozenset({"workspace", "api-key"})
    known = KnownFacts({}, NOW, types)
    condition = compile_condition(Comparison(f"resources.{name}", Operator.GT, 0), known)
    skipped = [SkippedFilter(filter=f"resources.{name} gt 0", reason="unknown_resource_type")]
    assert list(condition.skipped) == ([] if name.lower() in types else skipped)
    assert not compile_condition(Comparison("Resources.API-Key", Operator.GT, 0), known).skipped
