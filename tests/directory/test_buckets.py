"""Buckets: equal parts of each sort order, rebuilt when changes have made one too large."""

from __future__ import annotations

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from rollcall.directory.buckets import (
    ROWS_IN_BUCKET,
    Bounds,
    no_bounds,
    read_bounds,
    write_bounds,
)
from rollcall.directory.database import Database
from tests.directory.population import assert_in_order, number_rows, open_database


def largest_bucket(database: Database, column: str) -> int:
    sql = f'SELECT max(n) FROM (SELECT count(*) n FROM users GROUP BY "{column}Bucket")'  # noqa: S608 (constants)
    return int(database.fetch(sql)[0][0])


def test_many_rows_are_cut_into_buckets_of_equal_size() -> None:
    database = open_database(number_rows(0, 5000))
    assert_in_order(database)
    assert largest_bucket(database, "email") == ROWS_IN_BUCKET
    assert largest_bucket(database, "lastLoginAt") == ROWS_IN_BUCKET


def test_buckets_that_changes_made_too_large_are_rebuilt_when_a_snapshot_is_saved() -> None:
    database = open_database(number_rows(0, 1000))
    database.replace({row.id: row for row in number_rows(1000, 4000)})
    assert_in_order(database)
    assert largest_bucket(database, "createdAt") > 3000, "all new ones come last"

    database.save(database.folder / "saved")

    assert largest_bucket(database, "createdAt") == ROWS_IN_BUCKET
    assert_in_order(database)


ROWS = st.tuples(st.none() | st.integers(0, 9), st.sampled_from("abcdef"))


@given(rows=st.lists(ROWS, min_size=1, unique=True), size=st.integers(1, 4), row=ROWS)
def test_row_belongs_to_the_last_bucket_that_starts_at_it_or_before(
    rows: list[tuple[int | None, str]], size: int, row: tuple[int | None, str]
) -> None:
    present = sorted((value, user_id) for value, user_id in rows if value is not None)[::size]
    absent = sorted(user_id for value, user_id in rows if value is None)[::size]

    bucket = Bounds(list(present), absent).bucket_of(*row)

    value, user_id = row
    if value is None:
        assert bucket == -max(1, bisect_right(absent, user_id))
    else:
        assert bucket == max(0, sum(each <= (value, user_id) for each in present) - 1)


def test_bounds_are_stored_and_read_for_every_sortable_column() -> None:
    bounds = no_bounds() | {"email": Bounds([("a@example.com", "usr_1")], ["usr_2"])}
    assert read_bounds(write_bounds(bounds)) == bounds
