"""Conditions on lists, and on facts that are lists."""

from __future__ import annotations

import pytest

from rollcall.directory.conditions import compile_condition
from rollcall.directory.database import Database
from rollcall.directory.scim_filter import parse_filter
from rollcall.kit.errors import Invalid
from tests.directory.population import ALL_KNOWN, open_three_users, select_ids, select_where


@pytest.fixture(scope="module")
def three() -> Database:
    """The three users of the population."""
    return open_three_users()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('groups sw "b"', ""),
        ('groups ew "B" or groups ew "b"', "ann zoe"),
        ('facts.learning.progress eq 50 or facts.learning.progress eq "x"', "zoe"),
        ('groups eq "grp_b"', "ann zoe"),
        ('groups.value eq "grp_a"', "zoe"),
        ('groups eq "GRP_A"', ""),
        ('groups ne "grp_b"', "nobody zoe"),
        ('not (groups eq "grp_b")', "nobody"),
        ("groups pr", "ann zoe"),
        ('groups[value eq "grp_a" or value sw "grp_b"]', "ann zoe"),
        ('groups[value sw "grp_" and value ew "a"]', "zoe"),
        ('groups[value eq "grp_a" and value eq "grp_b"]', ""),
        ('groups[not (value eq "grp_b")]', "zoe"),
        ('expertise eq "sql"', "zoe"),
        ("facts.learning.progress ge 50", "zoe"),
        ("facts.learning.progress eq true", "ann"),
        ("facts.learning.progress ne 50", "ann nobody"),
        ("facts.learning.progress pr", "ann zoe"),
        ("facts.learning.progress eq null", "nobody"),
        ('facts.learning.programIds eq "LATIN"', "ann zoe"),
        ('facts.learning.programIds ne "latin"', "nobody zoe"),
        ('facts.learning.programIds[value sw "a" and value ew "a"]', "zoe"),
        ('facts.learning.lastActivityAt eq "2026-03-01T08:00:00Z"', "zoe"),
        ('facts.learning.lastActivityAt gt "2026-03-01"', "zoe"),
        ('facts.learning.lastActivityAt sw "2026"', "zoe"),
    ],
)
def test_filter_selects_the_users_with_such_a_value(three: Database, text: str, found: str) -> None:
    selected = select_ids(three, parse_filter(text))

    assert [each.removeprefix("usr_") for each in selected] == found.split()


@pytest.mark.parametrize("number", range(1, 7))
def test_few_and_many_alternative_values_of_a_list_are_found_alike(
    three: Database, number: int
) -> None:
    others = [f'groups eq "grp_{each}"' for each in range(number)]
    found = compile_condition(parse_filter(" or ".join([*others, 'groups eq "grp_a"'])), ALL_KNOWN)
    assert select_where(three, found) == ["usr_zoe"]
    assert not select_where(three, compile_condition(parse_filter(" or ".join(others)), ALL_KNOWN))


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('groups[display eq "x"]', "unknown_attribute", "an element is called value"),
        ("groups eq 5", "wrong_type", "groups requires text"),
        (r'facts.nobody.x eq "\ud800"', "wrong_type", "facts.nobody.x requires text"),
        ('groups[value[value eq "x"]]', "unsupported_operator", "does not support brackets"),
        ("facts.learning.progress co 5", "unsupported_operator", "does not support co"),
        ("facts.nobody.x gt true", "unsupported_operator", "does not support gt"),
    ],
)
def test_unsupported_conditions_on_elements_are_refused(text: str, code: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        compile_condition(parse_filter(text), ALL_KNOWN)

    (error,) = refused.value.errors
    assert (error.field, error.code) == ("filter", f"filter_{code}")
    assert message in error.message
