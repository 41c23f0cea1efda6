"""Only one writer at a time changes the current snapshot, and old files are deleted when no reader
can still use them.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from rollcall.directory import snapshots
from rollcall.directory.collation import COLLATION
from rollcall.directory.database import Database
from rollcall.directory.snapshots import (
    RETAINED,
    UNUSED_AFTER,
    Damaged,
    DirectoryState,
    Saved,
    Store,
    fingerprint_columns,
    snapshot_key,
)
from tests.directory.population import make_row, open_database
from tests.faults.directory_invariants import shown_users
from tests.world.world import World


def state(
    world: World, snapshot_id: str, sha256: str = "", etag: str = "", columns: str = ""
) -> DirectoryState:
    return DirectoryState(
        snapshot_id=snapshot_id,
        sha256=sha256,
        etag=etag,
        since=world.clock.now,
        written_at=world.clock.now,
        rows=1,
        columns=columns or fingerprint_columns(),
        expires_at=int((world.clock.now + UNUSED_AFTER).timestamp()),
    )


def test_sort_keys_of_another_version_are_other_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = fingerprint_columns()
    assert duckdb.__version__ in COLLATION
    monkeypatch.setattr(snapshots, "COLLATION", f"{COLLATION}.1")
    assert fingerprint_columns() != before


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
    world.clock.advance(minutes=5)
    later = state(world, "snp_1").model_copy(update={"written_at": second.written_at})
    assert later.replace(table, second)
    assert not third.replace(table, second), "the time since when entries count has moved"

    assert DirectoryState.read(table) == later


def test_snapshot_comes_back_as_it_was_saved(world: World) -> None:
    store = Store(world.runtime.objects)
    saved = store.save(open_database([make_row("usr_1")]), world.clock.now)
    loaded = Database()
    store.load(state(world, *saved), loaded)
    assert list(shown_users(loaded)) == ["usr_1"]
    with pytest.raises(Damaged, match="missing"):
        store.load(state(world, "snp_nothing"), Database())


def test_one_byte_that_is_another_is_noticed_wherever_it_is(world: World, tmp_path: Path) -> None:
    store = Store(world.runtime.objects)
    saved = store.save(open_database([make_row("usr_1")]), world.clock.now)
    key, file = snapshot_key(saved.snapshot_id), tmp_path / "snapshot"
    assert world.runtime.objects.download(key, file)
    whole = file.read_bytes()
    for place in (0, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        world.runtime.objects.upload(key, file)
        with pytest.raises(Damaged, match="has another hash"):
            store.load(state(world, *saved), Database())


def test_complete_file_that_is_not_a_snapshot_is_detected(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"rubbish")
    world.runtime.objects.upload(snapshot_key("snp_1"), tmp_path / "file")
    with pytest.raises(Damaged, match="cannot be read"):
        Store(world.runtime.objects).load(
            state(world, "snp_1", sha256(b"rubbish").hexdigest()), Database()
        )


def test_files_are_cleared_away_that_are_old_and_do_not_count(world: World) -> None:
    store, database = Store(world.runtime.objects), open_database([])

    def save() -> Saved:
        return store.save(database, world.clock.now)

    old, counting = save(), save()
    world.clock.now += RETAINED
    recent = save()

    assert store.discard_old({counting.snapshot_id}, world.clock.now) == 1

    kept = list(world.runtime.objects.list_keys("directory/"))
    assert kept == [snapshot_key(each.snapshot_id) for each in (counting, recent)]
    with pytest.raises(Damaged):
        store.load(state(world, *old), Database())


def test_file_that_is_missing_or_was_replaced_has_changed(world: World, tmp_path: Path) -> None:
    store = Store(world.runtime.objects)
    saved = store.save(open_database([make_row("usr_1")]), world.clock.now)
    assert not store.has_changed(state(world, *saved))
    (tmp_path / "file").write_bytes(b"rubbish")
    world.runtime.objects.upload(snapshot_key(saved.snapshot_id), tmp_path / "file")
    assert store.has_changed(state(world, *saved))
    world.runtime.objects.delete([snapshot_key(saved.snapshot_id)])
    assert store.has_changed(state(world, *saved))


def test_state_of_other_columns_is_another_item(world: World) -> None:
    table = world.runtime.table
    assert state(world, "snp_other", columns="others").replace(table, None)
    assert DirectoryState.read(table) is None
    own = state(world, "snp_own")
    assert own.replace(table, None)
    assert DirectoryState.read(table) == own


def test_snapshots_of_other_columns_are_retained_until_they_are_unused_for_long(
    world: World,
) -> None:
    table = world.runtime.table
    assert state(world, "snp_other", columns="others").replace(table, None)
    assert state(world, "snp_own").replace(table, None)
    assert DirectoryState.list_retained(table, world.clock.now) == {"snp_other", "snp_own"}
    before = DirectoryState.read(table)
    assert before is not None

    world.clock.now += UNUSED_AFTER
    assert before.model_copy(update={"since": world.clock.now}).replace(table, before)

    assert DirectoryState.list_retained(table, world.clock.now) == {"snp_own"}
    expiries = {
        item["snapshotId"]: item["expiresAt"] for item in table.query_partition("DIRECTORY")
    }
    assert expiries["snp_other"] == world.clock.now.timestamp()
    assert expiries["snp_own"] == (world.clock.now + UNUSED_AFTER).timestamp()
