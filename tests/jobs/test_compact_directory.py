"""The job that keeps the directory's snapshot up to date."""

from __future__ import annotations

from datetime import timedelta

from functions.jobs.compact_directory import compact_directory
from tests.faults.directory_invariants import check_readable
from tests.world.iam import acting_as
from tests.world.world import World


def test_snapshot_is_built_updated_and_deleted_with_the_permissions_of_the_role(
    world: World,
) -> None:
    user = world.add_user()
    reports = []
    for _ in range(3):
        with acting_as(compact_directory):
            reports.append(compact_directory.run(world.runtime))
        world.sign_in(user.id)
        world.clock.now += timedelta(hours=2)

    assert [report.rebuilt for report in reports] == [True, False, False]
    assert [report.rows for report in reports] == [2, 2, 2]
    assert [report.discarded_files for report in reports] == [0, 1, 1]
    assert not list(check_readable(world))


def test_job_runs_often_enough_to_keep_the_journals_tail_short() -> None:
    assert compact_directory.every == timedelta(minutes=5)
