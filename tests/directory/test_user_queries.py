"""Queries for users by id and by a condition."""

from __future__ import annotations

from datetime import date, timedelta

from rollcall.directory.columns import read_columns
from rollcall.directory.conditions import NO_USERS, Condition
from rollcall.directory.rows import DirectoryUser, StoredRow
from rollcall.directory.user_queries import (
    Matches,
    find_matches,
    find_users,
    list_columns,
    read_users,
    read_values,
)
from rollcall.grants.permissions import Permission
from tests.directory.population import NOW, make_facts, make_row, open_database

FULL = make_row(
    "usr_1",
    name="Ada",
    email="ada@example.com",
    status="deleted",
    is_admin=True,
    user_types=["mentor"],
    auth_methods=["email", "oauth"],
    roles=["rol_system"],
    permissions=["user.view"],
    groups=["grp_1", "grp_2"],
    resources={"workspace": 2, "persona": 1},
    last_login_at=NOW - timedelta(milliseconds=1),
    birth_date=date(1990, 1, 31),
    expertise=["maps"],
    facts=make_facts("learning", progress=50),
)
BARE = make_row("usr_2")


def shown(row: StoredRow) -> DirectoryUser:
    """A row as answers show it."""
    return DirectoryUser.model_validate(
        {name: getattr(row, name) for name in DirectoryUser.model_fields}
    )


def test_user_comes_out_of_the_database_as_it_went_in() -> None:
    database = open_database([FULL, BARE])

    found = find_users(database, ["usr_2", "usr_1"])

    assert found == {"usr_1": shown(FULL), "usr_2": shown(BARE)}
    assert found["usr_1"].permissions == (Permission.USER_VIEW,)
    assert found["usr_1"].last_login_at == NOW - timedelta(milliseconds=1)


def test_unknown_ids_are_ignored_and_ids_are_compared_exactly() -> None:
    database = open_database([FULL, BARE])
    assert find_users(database, []) == {}
    assert find_users(database, ["usr_3", "USR_1", "' OR 1=1 --", "usr_1"]).keys() == {"usr_1"}


def test_columns_are_those_that_answers_show_and_no_others() -> None:
    names, selected = list_columns()
    database = open_database([FULL])
    (row,) = database.fetch(f"SELECT {selected} FROM users")  # noqa: S608 (names of the model)
    found = dict(zip(names, row, strict=True))
    assert read_users([{**found, "sorted": "ada"}]) == (shown(FULL),)
    assert not {"searchText", "nameKey", "facts"} & set(names)


def test_matches_are_counted_and_the_first_are_named_by_what_identifies_them() -> None:
    others = [make_row(f"usr_{name}", username=name) for name in ("carl", "berta")]
    database = open_database([FULL, BARE, *others])

    found = find_matches(database, Condition("id IS NOT NULL"), 3)

    assert found == Matches(4, ("ada@example.com", "berta", "carl"))
    assert find_matches(database, Condition("id = ?", ("usr_2",)), 3) == Matches(1, ("usr_2",))
    assert find_matches(database, NO_USERS, 3) == Matches(0, ())


def test_values_are_read_in_the_order_of_ids_with_a_flag() -> None:
    columns = [read_columns()[name] for name in ("id", "groups", "lastloginat")]
    database = open_database([BARE, FULL])
    flag = Condition("email = ?", ("ada@example.com",))

    rows = read_values(database, columns, Condition("id > ?", ("",)), flag)

    assert rows == [
        ("usr_1", ["grp_1", "grp_2"], NOW - timedelta(milliseconds=1), True),
        ("usr_2", [], None, False),
    ]
    assert read_values(database, columns, Condition("TRUE"), flag, limit=1) == rows[:1]
