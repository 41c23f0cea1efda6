"""A directory is built from the table in as many runs as it takes, while users change."""

from __future__ import annotations

from datetime import timedelta

from functions.jobs.compact_directory import compact_directory
from rollcall.directory.directory import Directory
from rollcall.directory.snapshot_rebuilding import ABANDONED_AFTER, SnapshotPart
from rollcall.directory.snapshot_writing import compact, rebuild
from rollcall.users.storage import LISTED
from tests.faults.directory_invariants import check_readable, shown_users, stored_users
from tests.world.iam import acting_as
from tests.world.world import World

NO_TIME = timedelta(seconds=-1)


def parts(world: World) -> set[str]:
    """The names of the files with rows that are stored for the next run."""
    keys = world.runtime.objects.list_keys(SnapshotPart.prefix)
    return {key.rpartition("/")[2] for key in keys}


def opened(world: World) -> Directory:
    directory = Directory(world.runtime.table, world.runtime.objects)
    directory.refresh(world.clock.now)
    return directory


def test_each_run_goes_on_where_the_one_before_came_to(world: World) -> None:
    users = [world.add_user() for _ in range(12)]
    for number in range(1, len(LISTED)):
        with acting_as(compact_directory):
            assert rebuild(world.call(), NO_TIME).unfinished
        assert len(parts(world)) == number
        world.clock.advance(minutes=5)
        if number % 6 == 0:
            changed = users.pop()
            world.sign_in(changed.id)
            deleted = users.pop()
            world.change_user(deleted, deleted.as_deleted(world.clock.now))
            world.add_user()

    with acting_as(compact_directory):
        report = compact_directory.run(world.runtime)

    assert (report.rebuilt, report.unfinished) == (True, False)
    assert parts(world) == set()
    assert shown_users(opened(world).database) == stored_users(world)


def test_current_snapshot_is_used_while_users_are_read_again(world: World) -> None:
    world.build_directory()
    user = world.add_user()

    assert rebuild(world.call(), NO_TIME).unfinished

    assert user.id in shown_users(opened(world).database)
    assert compact(world.call()).rebuilt, "the next run goes on with it"
    assert parts(world) == set()


def test_reading_that_started_long_ago_is_restarted(world: World) -> None:
    assert rebuild(world.call(), NO_TIME).unfinished
    world.clock.now += ABANDONED_AFTER + timedelta(minutes=1)
    user = world.add_user()

    assert rebuild(world.call()).rebuilt

    assert user.id in shown_users(opened(world).database)
    assert not list(check_readable(world))
