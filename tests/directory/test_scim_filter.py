"""SCIM's filter language (RFC 7644 section 3.4.2.2): read, written and refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    Presence,
    TextSearch,
    Value,
    ValuePath,
)
from rollcall.directory.scim_filter import (
    DEPTH_AT_MOST,
    LENGTH_AT_MOST,
    parse_filter,
    write_filter,
)
from rollcall.kit.errors import Invalid
from tests.directory.population import make_row, open_database, select_ids

A, B, C = Presence("a"), Presence("b"), Presence("c")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a pr", A),
        ("  a\tPR\n", A),
        ("a pr or b pr and c pr", Or((A, And((B, C))))),
        ("a pr and b pr or c pr", Or((And((A, B)), C))),
        ("(a pr or b pr) and c pr", And((Or((A, B)), C))),
        ("a pr AND b pr And c pr", And((A, B, C))),
        ("a pr and (b pr and c pr)", And((A, And((B, C))))),
        ("not (a pr) and b pr", And((Not(A), B))),
        ("NOT(a pr or not(b pr))", Not(Or((A, Not(B))))),
        ("((a pr))", A),
        ("not pr", Presence("not")),
        ("or eq 1 or pr pr", Or((Comparison("or", Operator.EQ, 1), Presence("pr")))),
        (
            "groups[value pr and not (value pr)]",
            ValuePath("groups", And((Presence("value"), Not(Presence("value"))))),
        ),
        ("Facts.learning-2.x_y pr", Presence("Facts.learning-2.x_y")),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName pr", Presence("userName")),
        ("URN:ietf:params:SCIM:schemas:core:2.0:user:userName pr", Presence("userName")),
        ("urn:example:2.0:Other:x.y pr", Presence("urn:example:2.0:Other:x.y")),
    ],
)
def test_a_filter_is_read_by_the_grammar(text: str, expression: Expression) -> None:
    assert parse_filter(text) == expression


@pytest.mark.parametrize("operator", Operator)
def test_operators_have_no_case(operator: Operator) -> None:
    assert parse_filter(f'a {operator.upper()} "x"') == Comparison("a", operator, "x")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('""', ""),
        (r'"say \"hi\" \\ \u00e9\n/"', 'say "hi" \\ é\n/'),
        (r'"\ud83d\ude00"', "😀"),
        ('") or (a pr"', ") or (a pr"),
        ("5", 5),
        ("-0.5e1", -5.0),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9223372036854775808.0),
        ("TRUE", True),
        ("false", False),
        ("null", None),
    ],
)
def test_values_are_those_of_json(written: str, value: Value) -> None:
    found = parse_filter(f"a eq {written}")

    assert isinstance(found, Comparison)
    assert (found.value, type(found.value)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Unexpected end of the filter at position 1. Expected an attribute."),
        ("a", "Unexpected end of the filter at position 2. Expected one of pr, eq, ne, co,"),
        ("not a pr", 'Expected parentheses after not, as in not (status eq "active").'),
        ('b pr and NOT a eq "x"', "Unexpected 'a' at position 14. Expected parentheses after not"),
        ("(not groups[value pr])", "position 6. Expected parentheses after not"),
        ("not not (a pr)", "position 5. Expected parentheses after not"),
        ("a is 5", "Unexpected 'is' at position 3. Expected one of pr, eq, ne, co,"),
        ("a eq", "Unexpected end of the filter at position 5. Expected a value"),
        ("a eq b", "Unexpected 'b' at position 6. Expected a value"),
        ("a eq 'b'", "Unexpected character at position 6."),
        ('a eq "b', "Unexpected character at position 6."),
        (r'a eq "\x"', "The value at position 6 is not valid JSON."),
        ('a eq "\n"', "The value at position 6 is not valid JSON."),
        ("a eq 01", "The value at position 6 is not valid JSON."),
        ("a eq 1e999", "The number at position 6 is too large."),
        (f"a eq {'9' * 5000}", "The value at position 6"),
        ("(a pr", "Unexpected end of the filter at position 6. Expected )."),
        ("a pr)", "Unexpected ')' at position 5. Expected and, or, or the end."),
        ("a pr b pr", "Unexpected 'b' at position 6. Expected and, or"),
        ("a pr and", "Unexpected end of the filter at position 9. Expected an attribute"),
        ("groups[a pr", "Expected ]."),
        ("not a pr", "Unexpected 'a' at position 5."),
        ("é pr", "Unexpected character at position 1."),
        ("a.b. pr", "Unexpected character at position 4."),
        ('"a" pr', "Expected an attribute."),
        ("a pr; b pr", "Unexpected character at position 5."),
        (" " * (LENGTH_AT_MOST + 1), "A filter can have at most 8,000 characters."),
        (
            "(" * (DEPTH_AT_MOST + 1) + "a pr" + ")" * (DEPTH_AT_MOST + 1),
            "at most 50 levels of nesting",
        ),
        ("not (" * 1500, "at most 50 levels of nesting"),
        ("a[" * 3000, "at most 50 levels of nesting"),
    ],
)
def test_malformed_filter_is_refused_with_the_position(text: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_filter(text)

    (error,) = refused.value.errors
    assert (error.field, error.code) == ("filter", "filter_malformed")
    assert message in error.message


def test_a_filter_may_be_as_deep_and_as_long_as_is_allowed() -> None:
    assert parse_filter("(" * DEPTH_AT_MOST + "a pr" + ")" * DEPTH_AT_MOST) == A
    assert parse_filter("a pr".ljust(LENGTH_AT_MOST)) == A


def test_consecutive_brackets_do_not_count_as_nesting() -> None:
    assert parse_filter(" or ".join(["(a pr)"] * (DEPTH_AT_MOST + 1))) == Or((A,) * 51)


def test_filter_of_the_maximum_length_can_be_used() -> None:
    database = open_database([make_row("usr_1", name="Ann")])
    text = " or ".join(["bio pr"] * 790 + ["name pr"])

    assert len(text) > LENGTH_AT_MOST * 0.95
    assert select_ids(database, parse_filter(text)) == ["usr_1"]


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}(\.[A-Za-z0-9_-]{1,8}){0,3}", fullmatch=True)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.builds(Comparison, NAMES, st.sampled_from(Operator), VALUES) | st.builds(Presence, NAMES),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(ValuePath, NAMES, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=4).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=4).map(tuple)),
    ),
    max_leaves=12,
)


@settings(max_examples=500)
@given(expression=EXPRESSIONS)
def test_what_is_written_is_read_again_as_the_same(expression: Expression) -> None:
    assert parse_filter(write_filter(expression)) == expression


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (
            datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
            '"2026-01-01T00:00:00.000Z"',
        ),
        (datetime(2026, 1, 1, 0, 0, 0, 5000, UTC), '"2026-01-01T00:00:00.005Z"'),
        (date(2026, 1, 1), '"2026-01-01"'),
    ],
)
def test_times_are_written_as_text(value: Value, written: str) -> None:
    assert write_filter(Comparison("a", Operator.GT, value)) == f"a gt {written}"


def test_a_search_is_not_written_as_a_filter_because_it_compares_differently() -> None:
    with pytest.raises(ValueError, match="cannot express a search"):
        write_filter(And((Presence("name"), TextSearch("zoë"))))


@settings(max_examples=500)
@given(
    text=st.text()
    | st.lists(
        st.sampled_from(
            [
                "a",
                "not",
                "and",
                "or",
                "pr",
                "eq",
                "(",
                ")",
                "[",
                "]",
                '"x"',
                '"',
                "1",
                "-",
                ".",
                "\\",
            ]
        )
    ).map(" ".join)
)
def test_any_text_is_read_or_refused_as_malformed(text: str) -> None:
    with suppress(Invalid):
        assert parse_filter(write_filter(parse_filter(text))) == parse_filter(text)
