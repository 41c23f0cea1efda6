"""The directory's rows in DuckDB: they are read as they were written, whichever way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.directory.database import Database
from rollcall.directory.rows import StoredRow
from rollcall.kit.errors import Invalid
from tests.directory.population import (
    assert_in_order,
    make_facts,
    make_row,
    number_rows,
    open_database,
)
from tests.faults.directory_invariants import shown_users

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range <> b.range"
TEXTS = st.text(max_size=12)
TIMES = st.datetimes(
    datetime(2020, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    datetime(2030, 1, 1),  # noqa: DTZ001 (as above)
    timezones=st.just(UTC),
).map(lambda each: each.replace(microsecond=each.microsecond // 1000 * 1000))


@st.composite
def rows(draw: st.DrawFn, number: int) -> StoredRow:
    """A row with values of every kind, absent ones among them."""
    name = draw(st.none() | TEXTS)
    return make_row(
        f"usr_{number:04}",
        name=name,
        email=draw(
            st.none() | st.sampled_from(["a@example.com", "b@example.com", "ä@example.com"])
        ),
        status=draw(st.sampled_from(["active", "inactive", "invited"])),
        groups=draw(st.lists(TEXTS, max_size=3)),
        resources=draw(st.dictionaries(TEXTS, st.integers(0, 9), max_size=2)),
        created_at=draw(TIMES),
        last_login_at=draw(st.none() | TIMES),
        group_count=draw(st.integers(0, 3)),
        birth_date=draw(st.none() | st.dates()),
        facts=make_facts(
            "learning", progress=draw(st.integers(0, 100)), tags=draw(st.lists(TEXTS))
        ),
    )


def many_rows(at_most: int) -> st.SearchStrategy[list[StoredRow]]:
    return st.integers(0, at_most).flatmap(
        lambda number: st.tuples(*(rows(each) for each in range(number))).map(list)
    )


def facts_of(database: Database) -> list[tuple[Any, ...]]:
    names = 'users.id, source, facts.name, number, text, moment, "pushedAt"'
    sql = f"SELECT {names} FROM facts JOIN users USING (key)"  # noqa: S608 (constants)
    return sorted(database.fetch(sql), key=repr)


def assert_holds(database: Database, expected: Sequence[StoredRow]) -> None:
    """The database shows these rows, each with its facts, and has each in its bucket."""
    shown = shown_users(database)
    assert shown == {
        row.id: type(shown[row.id]).model_validate({name: getattr(row, name) for name in fields})
        for fields in [type(next(iter(shown.values()))).model_fields if shown else {}]
        for row in expected
    }
    assert len(facts_of(database)) == sum(len(row.facts) for row in expected)
    assert_in_order(database)


@settings(max_examples=40)
@given(many_rows(8))
def test_rows_come_out_as_they_were_put_in(given_rows: list[StoredRow]) -> None:
    assert_holds(open_database(given_rows), given_rows)


@settings(max_examples=40)
@given(many_rows(8), st.data())
def test_replaced_rows_count_and_others_stay(
    given_rows: list[StoredRow], data: st.DataObject
) -> None:
    database = open_database(given_rows)
    stored = {row.id: row for row in given_rows}
    for _ in range(3):
        number = data.draw(st.integers(0, 10))
        row = data.draw(st.none() | rows(number))
        database.replace({f"usr_{number:04}": row})
        stored.pop(f"usr_{number:04}", None)
        if row:
            stored[row.id] = row
        assert_holds(database, list(stored.values()))


@settings(max_examples=15)
@given(many_rows(6))
def test_saved_snapshot_is_loaded_as_it_was(given_rows: list[StoredRow]) -> None:
    database = open_database(given_rows)
    database.save(database.folder / "saved")

    loaded = Database()
    loaded.load(database.folder / "saved")

    assert_holds(loaded, given_rows)
    assert facts_of(loaded) == facts_of(database)
    loaded.replace({"usr_9999": make_row("usr_9999", name="Zoë")})
    assert_in_order(loaded)


def test_file_that_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"rubbish")
    with pytest.raises(duckdb.Error):
        Database().load(tmp_path / "file")


def test_loaded_snapshot_is_changed_and_saved_like_any_other(tmp_path: Path) -> None:
    open_database(number_rows(0, 3)).save(tmp_path / "first")
    database = Database()
    database.load(tmp_path / "first")
    renamed = number_rows(0, 1)[0].model_copy(update={"name": "Renamed", "groups": ("grp_1",)})
    database.replace({renamed.id: renamed, number_rows(1, 2)[0].id: None})
    database.save(tmp_path / "second")

    again = Database()
    again.load(tmp_path / "second")

    assert_holds(again, [renamed, *number_rows(2, 3)])
    assert again.fetch("SELECT list, value FROM elements") == [("groups", "grp_1")]


def test_queries_of_one_state_agree_even_if_rows_are_replaced_in_between() -> None:
    database = open_database(number_rows(0, 10))
    with database.hold() as ask:
        before = ask("SELECT count(*) FROM users")
        database.replace({row.id: None for row in number_rows(0, 5)})
        assert ask("SELECT count(*) FROM users") == before == [(10,)]
    assert database.count() == 5


def test_change_that_fails_leaves_everything_as_it_was_and_the_next_one_succeeds() -> None:
    database = open_database(number_rows(0, 3))
    renamed = number_rows(0, 1)[0].model_copy(update={"name": "Renamed"})
    too_large = renamed.model_copy(update={"login_count": 2**70})

    with pytest.raises(duckdb.Error):
        database.replace({renamed.id: too_large})
    assert database.count() == 3

    database.replace({renamed.id: renamed})
    assert database.fetch("SELECT id FROM users WHERE name = 'Renamed'") == [(renamed.id,)]


def test_folder_goes_with_the_database() -> None:
    database = open_database([])
    folder = database.folder
    assert folder.is_dir()
    del database
    assert not folder.exists()


def test_sources_are_known_with_their_facts_and_their_latest_push() -> None:
    database = open_database(
        [make_row("usr_1", facts=make_facts("learning", progress=1, tags=["a"]))]
    )
    ((source, names, _),) = database.list_sources()
    assert (source, sorted(names)) == ("learning", ["progress", "tags"])

    database.replace({"usr_2": make_row("usr_2", facts=make_facts("billing", plan="free"))})
    assert {source for source, *_ in database.list_sources()} == {"learning", "billing"}


def test_limited_database_interrupts_what_takes_too_long() -> None:
    database = open_database(number_rows(0, 2_000))

    with pytest.raises(Invalid) as refused:
        database.limited(0.2).fetch(ENDLESS)

    assert refused.value.code == "filter_too_expensive"
    assert database.count() == 2_000


def test_queries_of_a_limited_database_share_its_time() -> None:
    limited = open_database(number_rows(0, 10)).limited(0.3)
    assert limited.count() == 10
    sleep(0.4)

    with pytest.raises(Invalid), limited.hold() as fetch:
        fetch(ENDLESS)


def test_limited_database_knows_new_sources_of_facts() -> None:
    database = open_database([make_row("usr_1")])
    limited = database.limited(60)
    assert not limited.list_sources()

    database.replace({"usr_1": make_row("usr_1", facts=make_facts("learning", progress=1))})

    assert [source for source, _, _ in limited.list_sources()] == ["learning"]


def test_folder_lives_as_long_as_a_limited_database() -> None:
    limited = open_database([]).limited(60)
    folder = limited.folder
    assert folder.exists()

    del limited

    assert not folder.exists()
