"""The directory's columns follow from the row's model."""

from __future__ import annotations

import pytest

from rollcall.directory.columns import (
    Case,
    Kind,
    find_column,
    read_columns,
    read_stored_columns,
    sortable_columns,
)
from rollcall.directory.rows import DirectoryUser


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("email", Kind.TEXT),
        ("status", Kind.TEXT),
        ("loginCount", Kind.NUMBER),
        ("isAdmin", Kind.BOOLEAN),
        ("lastLoginAt", Kind.TIME),
        ("birthDate", Kind.DATE),
        ("groups", Kind.TEXTS),
        ("permissions", Kind.TEXTS),
        ("resources", Kind.COUNTS),
    ],
)
def test_column_holds_what_its_field_does(name: str, kind: Kind) -> None:
    column = find_column(name)
    assert column is not None
    assert column.kind is kind


def test_every_field_of_the_answer_is_a_column_and_nothing_hidden_is() -> None:
    assert [each.name for each in read_columns().values()] == [
        field.alias for field in DirectoryUser.model_fields.values()
    ]
    hidden = {each.name for each in read_stored_columns()} - {
        each.name for each in read_columns().values()
    }
    folded = {f"{each.name}Folded" for each in read_columns().values() if each.case is Case.ANY}
    assert hidden == {"nameKey", "searchText", "facts"} | folded
    assert all(find_column(name) is None for name in hidden)


def test_names_have_no_case() -> None:
    assert find_column("LASTloginAT") == find_column("lastLoginAt")
    assert find_column("last_login_at") is None


def test_lists_are_sorted_by_what_is_named_in_the_catalogue_of_features() -> None:
    names = {each.name for each in sortable_columns()}
    assert {"name", "email", "username", "createdAt", "lastLoginAt", "status"} <= names
    keys = {each.name: each.sort_key for each in sortable_columns()}
    assert keys["name"] == "nameKey", "the alphabetical order is not that of code points"
    assert keys["email"] == "email"


def test_columns_know_whether_a_row_may_be_without_a_value() -> None:
    optional = {each.name for each in read_columns().values() if each.optional}
    assert {"email", "lastLoginAt", "birthDate", "country"} <= optional
    assert optional.isdisjoint({"id", "status", "createdAt", "isAdmin", "groups", "resources"})
