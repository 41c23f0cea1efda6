"""Which snapshot counts is moved on by one writer at a time, and old files go when nobody can
still be reading them.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollcall.directory.database import SNAPSHOT_FILES, Database
from rollcall.directory.snapshots import (
    KEPT,
    Damaged,
    DirectoryState,
    Store,
    fingerprint_columns,
)
from tests.directory.population import make_row, open_database
from tests.faults.directory_invariants import shown_users
from tests.world import World


def state(world: World, snapshot_id: str) -> DirectoryState:
    return DirectoryState(
        snapshot_id=snapshot_id,
        since=world.clock.now,
        written_at=world.clock.now,
        rows=1,
        columns=fingerprint_columns(),
    )


def test_first_one_to_name_a_snapshot_wins(world: World) -> None:
    table = world.runtime.table
    assert DirectoryState.read(table) is None
    first, second = state(world, "snp_1"), state(world, "snp_2")

    assert first.replace(table, None)
    assert not second.replace(table, None)

    assert DirectoryState.read(table) == first


def test_snapshot_moves_on_only_from_the_one_that_was_read(world: World) -> None:
    table = world.runtime.table
    first, second, third = (state(world, f"snp_{each}") for each in range(3))
    assert first.replace(table, None)

    assert second.replace(table, first)
    assert not third.replace(table, first)
    later = second.model_copy(update={"since": world.clock.now + timedelta(minutes=5)})
    assert later.replace(table, second)
    assert not third.replace(table, second), "the time since when entries count has moved"

    assert DirectoryState.read(table) == later


def test_snapshot_comes_back_as_it_was_saved(world: World) -> None:
    store = Store(world.runtime.objects)
    snapshot_id = store.save(open_database([make_row("usr_1")]), world.clock.now)
    loaded = Database()
    store.load(snapshot_id, loaded)
    assert list(shown_users(loaded)) == ["usr_1"]
    with pytest.raises(Damaged, match="missing"):
        store.load("snp_nothing", loaded)


def test_files_are_cleared_away_that_are_old_and_do_not_count(world: World) -> None:
    store, database = Store(world.runtime.objects), open_database([])
    old = store.save(database, world.clock.now)
    counting = store.save(database, world.clock.now)
    world.clock.now += KEPT
    recent = store.save(database, world.clock.now)

    assert store.discard_old(counting, world.clock.now) == len(SNAPSHOT_FILES)

    kept = {key.split("/")[1] for key in world.runtime.objects.list_keys("directory/")}
    assert kept == {counting, recent}
    with pytest.raises(Damaged):
        store.load(old, Database())


def test_snapshot_of_other_columns_is_not_readable(world: World) -> None:
    assert state(world, "snp_1").readable
    assert not state(world, "snp_1").model_copy(update={"columns": "others"}).readable
