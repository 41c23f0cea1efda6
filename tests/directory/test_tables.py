"""The tables of the directory's database."""

from __future__ import annotations

from rollcall.directory.columns import find_column, sortable_columns
from rollcall.directory.tables import (
    RELATED_TABLES,
    bucket_sql,
    define_user_columns,
    key_sql,
    plain_columns,
    user_column_names,
)
from tests.directory.population import open_database


def test_name_is_sorted_by_its_key_and_other_columns_by_themselves() -> None:
    sorted_by = {each.name: key_sql(each) for each in sortable_columns()}
    assert sorted_by.pop("name") == '"nameKey"'
    assert sorted_by == {name: f'"{name}"' for name in sorted_by}


def test_users_have_a_column_for_each_value_and_for_each_bucket() -> None:
    columns = [each.name for each in plain_columns()]
    buckets = [bucket_sql(each).strip('"') for each in sortable_columns()]
    found = open_database([]).fetch("SELECT * FROM (DESCRIBE users)")
    assert {name for name, *_ in found} == {"key", *columns, *buckets}
    assert user_column_names().replace('"', "").split(", ") == ["key", *columns, *buckets]


def test_facts_have_a_table_of_their_own() -> None:
    assert "facts" in RELATED_TABLES
    assert '"facts"' not in define_user_columns()
    assert find_column("facts") is None


def test_columns_with_few_equal_values_are_stored_uncompressed() -> None:
    defined = define_user_columns().split(", ")
    uncompressed = {each.split()[0] for each in defined if each.endswith("uncompressed")}
    assert uncompressed == {'"id"', '"email"', '"username"', '"nameKey"', '"searchText"'}
