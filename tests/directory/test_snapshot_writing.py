"""New snapshots: written when enough has changed, by any number of concurrent runs, and always
complete.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from rollcall.directory.directory import Directory
from rollcall.directory.snapshot_writing import (
    INDEX_LAG,
    NO_OLDER_THAN,
    WORTH_WRITING,
    compact,
    is_worth_writing,
    rebuild,
)
from rollcall.directory.snapshots import DirectoryState, Store, snapshot_key
from rollcall.kit.journal_tail import LOOK_BACK
from rollcall.kit.model import format_time
from tests.faults.directory_invariants import check_directory, shown_users, stored_users
from tests.faults.races import meanwhile
from tests.world.aws_edge import watched
from tests.world.world import World


def state_of(world: World) -> DirectoryState:
    found = DirectoryState.read(world.runtime.table)
    assert found is not None
    return found


def opened(world: World) -> Directory:
    directory = Directory(world.runtime.table, world.runtime.objects)
    directory.refresh(world.clock.now)
    return directory


def test_first_run_builds_the_directory_from_the_table(world: World) -> None:
    users = [world.add_user() for _ in range(3)]
    world.change_user(users[0], users[0].as_deleted(world.clock.now))

    report = compact(world.call())

    assert (report.rebuilt, report.rows) == (True, 4)
    assert set(shown_users(opened(world).database)) == {world.admin_id, *(u.id for u in users)}


@pytest.mark.parametrize(
    ("changes", "age", "worth"),
    [
        (0, timedelta(days=9), False),
        (1, NO_OLDER_THAN - timedelta(seconds=1), False),
        (1, NO_OLDER_THAN, True),
        (WORTH_WRITING - 1, timedelta(0), False),
        (WORTH_WRITING, timedelta(0), True),
    ],
)
def test_snapshot_is_written_for_many_changes_or_after_a_while(
    changes: int, age: timedelta, worth: bool
) -> None:
    assert is_worth_writing(changes, age) is worth


def test_run_with_changes_writes_them_and_readers_begin_from_there(world: World) -> None:
    user = world.add_user()
    world.build_directory()
    before = state_of(world)
    world.sign_in(user.id)
    world.clock.now += NO_OLDER_THAN

    report = compact(world.call())

    after = state_of(world)
    assert (report.rebuilt, report.changes, report.rows) == (False, 2, 2)
    assert after.snapshot_id != before.snapshot_id
    assert after.since == world.clock.now - LOOK_BACK
    assert shown_users(opened(world).database) == stored_users(world)


def test_run_without_changes_reads_no_file_and_shortens_what_readers_read(world: World) -> None:
    world.build_directory()
    world.clock.now += timedelta(hours=1)
    compact(world.call())
    before = state_of(world)
    world.clock.now += timedelta(hours=3)

    with watched(world.aws) as seen:
        report = compact(world.call())

    assert (report.changes, report.rows) == (0, 0)
    assert [each.operation for each in seen if each.service == "s3"] == ["HeadObject"]
    assert {each.operation for each in seen} == {"GetItem", "Query", "HeadObject", "UpdateItem"}
    after = state_of(world)
    assert (after.snapshot_id, after.since) == (before.snapshot_id, world.clock.now - LOOK_BACK)


def test_few_changes_are_counted_without_reading_the_file_or_the_users(world: World) -> None:
    user = world.add_user()
    world.build_directory()
    world.sign_in(user.id)

    with watched(world.aws) as seen:
        report = compact(world.call())

    assert (report.changes, report.rows) == (2, 0)
    # An unfinished reading of all users would be continued.
    used = [each.operation for each in seen if each.service == "s3"]
    assert used == ["HeadObject", "ListObjectsV2"]
    assert not [each for each in seen if "USER#" in each.body.decode()]


def test_file_that_was_damaged_is_noticed_without_changes(world: World, tmp_path: Path) -> None:
    world.build_directory()
    world.clock.now += timedelta(hours=1)
    compact(world.call())
    (tmp_path / "file").write_bytes(b"rubbish")
    key = snapshot_key(state_of(world).snapshot_id)
    world.runtime.objects.upload(key, tmp_path / "file")

    assert compact(world.call()).rebuilt

    assert shown_users(opened(world).database) == stored_users(world)


def test_one_of_two_concurrent_runs_wins_and_nothing_is_lost(world: World) -> None:
    user = world.add_user()
    world.build_directory()
    world.sign_in(user.id)
    world.clock.now += NO_OLDER_THAN

    with meanwhile(world, "PutObject", lambda: compact(world.call())):
        report = compact(world.call())

    assert report.overtaken
    assert not list(check_directory(world))
    assert shown_users(opened(world).database) == stored_users(world)


@pytest.mark.parametrize("operation", ["GetObject", "PutObject", "UpdateItem"])
def test_what_changes_while_a_snapshot_is_written_is_seen_after_it(
    world: World, operation: str
) -> None:
    user = world.add_user(name="Before")
    world.build_directory()
    world.sign_in(user.id)
    world.clock.now += NO_OLDER_THAN
    renamed = user.model_copy(update={"name": "After"})

    with meanwhile(world, operation, partial(world.change_user, user, renamed)):
        compact(world.call())

    assert shown_users(opened(world).database)[user.id].name == "After"


def test_user_who_is_not_in_the_index_yet_is_found_in_the_journal(world: World) -> None:
    world.build_directory()
    hidden = world.add_user()
    listed = {"updatedAt": format_time(hidden.updated_at)}
    world.runtime.table.update_unversioned(hidden.key(), listed, remove=["gsi2pk", "gsi2sk"])
    world.clock.now += INDEX_LAG

    report = rebuild(world.call())

    assert report.rows == 1
    assert hidden.id in shown_users(opened(world).database)


def test_rebuilding_counts_though_a_compaction_was_faster(world: World) -> None:
    user = world.add_user()
    world.build_directory()
    world.sign_in(user.id)
    world.clock.now += NO_OLDER_THAN

    with meanwhile(world, "Query", lambda: compact(world.call())):
        report = rebuild(world.call())

    assert (report.rows, report.overtaken) == (2, False)
    assert not list(check_directory(world))
    assert shown_users(opened(world).database) == stored_users(world)


def test_rebuilding_does_not_believe_the_snapshot(world: World) -> None:
    user = world.add_user()
    world.build_directory()
    directory = opened(world)
    directory.database.replace({user.id: None})
    directory_state = state_of(world)
    wrong = Store(world.runtime.objects).save(directory.database, world.clock.now)
    assert directory_state.model_copy(update=wrong._asdict()).replace(
        world.runtime.table, directory_state
    )
    world.clock.now += INDEX_LAG * 2

    assert rebuild(world.call()).rebuilt

    assert shown_users(opened(world).database) == stored_users(world)
