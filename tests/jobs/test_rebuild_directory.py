"""The job that builds the directory's snapshot from the table."""

from __future__ import annotations

from functions.jobs.rebuild_directory import rebuild_directory
from rollcall.directory.snapshots import DirectoryState
from tests.faults.directory_invariants import check_directory, check_readable
from tests.world.iam import acting_as
from tests.world.world import World


def test_snapshot_is_rebuilt_independently_of_the_present_one(
    world: World,
) -> None:
    world.build_directory()
    before = DirectoryState.read(world.runtime.table)
    world.add_user()

    with acting_as(rebuild_directory):
        report = rebuild_directory.run(world.runtime)

    after = DirectoryState.read(world.runtime.table)
    assert before is not None
    assert after is not None
    assert (report.rebuilt, report.rows) == (True, 2)
    assert after.snapshot_id != before.snapshot_id
    assert not [*check_readable(world), *check_directory(world)]
