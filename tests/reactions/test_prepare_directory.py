"""Lists answer at each step of a deployment with other columns, and of the return to the old ones.

Another version of the code is this one with another fingerprint of the columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from functions.jobs.compact_directory import compact_directory
from functions.reactions.prepare_directory import prepare_directory
from rollcall.directory import snapshots
from rollcall.directory.directory import Directory
from rollcall.directory.snapshots import DirectoryState
from rollcall.kit.errors import Unavailable
from rollcall.kit.reaction import Unfinished
from tests.faults.directory_invariants import shown_users, stored_users
from tests.faults.races import meanwhile
from tests.world.aws_edge import watched
from tests.world.iam import acting_as
from tests.world.world import World


@contextmanager
def version(name: str) -> Iterator[None]:
    """Run the code of a version with columns of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "COLLATION", name)
        yield


def deploy(world: World) -> None:
    with acting_as(prepare_directory):
        prepare_directory.run(world.runtime)


def compact(world: World) -> bool:
    """Whether the snapshot was rebuilt."""
    with acting_as(compact_directory):
        return compact_directory.run(world.runtime).rebuilt


def lists(world: World) -> bool:
    """Whether a new process of this version shows all users as stored."""
    directory = Directory(world.runtime.table, world.runtime.objects)
    return shown_users(directory.refresh(world.clock.now)) == stored_users(world)


def test_lists_answer_at_each_step_of_a_deployment_and_of_a_rollback(world: World) -> None:
    user = world.add_user()
    with version("old"):
        deploy(world)
        assert lists(world)
    with version("new"), pytest.raises(Unavailable, match="being built"):
        lists(world)

    # The new version is prepared. Functions of both versions answer, whichever compaction runs.
    with version("new"):
        deploy(world)
    for compacting in ("old", "new"):
        world.sign_in(user.id)
        world.add_user()
        world.clock.advance(hours=2)
        with version(compacting):
            assert not compact(world)
        for name in ("old", "new"):
            with version(name):
                assert lists(world), f"{name} while the compaction of {compacting} runs"

    # Hours later, the old version returns. Its snapshot is from before the deployment.
    for _ in range(2):
        world.clock.advance(hours=3)
        world.sign_in(user.id)
        with version("new"):
            assert not compact(world)
    with version("old"):
        before = DirectoryState.read(world.runtime.table)
        assert lists(world), "from the journal"
        deploy(world)
        after = DirectoryState.read(world.runtime.table)
        assert before is not None
        assert after is not None
        assert (after.origin, after.since > before.since) == (before.origin, True)
        assert lists(world)
    with version("new"):
        assert lists(world)


def test_snapshot_of_a_version_that_has_not_run_for_long_is_removed_and_built_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "UNUSED_AFTER", timedelta(hours=6))
    with version("old"):
        deploy(world)
    with version("new"):
        deploy(world)
        for _ in range(2):
            world.clock.advance(hours=4)
            world.add_user()
            assert not compact(world)
        own = DirectoryState.read(world.runtime.table)
        assert own is not None
        kept = list(world.runtime.objects.list_keys("directory/"))
        assert kept == [snapshots.snapshot_key(own.snapshot_id)]

    with version("old"):
        deploy(world)
        assert lists(world)
    with version("new"):
        assert lists(world)


def test_deployment_without_other_columns_downloads_no_file(world: World) -> None:
    for _ in range(2):
        deploy(world)
        world.clock.advance(hours=2)
    with watched(world.aws) as seen:
        deploy(world)
    assert [each.operation for each in seen if each.service == "s3"] == ["HeadObject"]


def test_deployment_waits_for_the_run_that_finishes_a_large_directory(world: World) -> None:
    world.add_user()

    slow = meanwhile(world, "Query", lambda: world.clock.advance(minutes=9))
    with slow, pytest.raises(Unfinished):
        deploy(world)
    deploy(world)

    assert lists(world)
