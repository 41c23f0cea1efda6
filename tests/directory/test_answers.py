"""Users as answers show them."""

from __future__ import annotations

from datetime import date, timedelta

from rollcall.directory.answers import find_users, list_columns, read_users
from rollcall.directory.rows import DirectoryUser, StoredRow
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
    """What an answer shows of a row."""
    return DirectoryUser.model_validate(
        {name: getattr(row, name) for name in DirectoryUser.model_fields}
    )


def test_user_comes_out_of_the_database_as_it_went_in() -> None:
    database = open_database([FULL, BARE])

    found = find_users(database, ["usr_2", "usr_1"])

    assert found == {"usr_1": shown(FULL), "usr_2": shown(BARE)}
    assert found["usr_1"].permissions == (Permission.USER_VIEW,)
    assert found["usr_1"].last_login_at == NOW - timedelta(milliseconds=1)


def test_whoever_is_not_there_is_left_out_and_ids_are_taken_as_they_are() -> None:
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
