"""Scenarios of jobs that write the directory's snapshots."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from functions.jobs.compact_directory import compact_directory
from functions.jobs.rebuild_directory import rebuild_directory
from functions.reactions.prepare_directory import prepare_directory
from rollcall.directory.snapshot_writing import rebuild
from rollcall.directory.snapshots import DirectoryState, snapshot_key
from rollcall.kit.job import make_call
from tests.faults.directory_invariants import check_readable
from tests.faults.scenario import Plan
from tests.faults.staging import scenario, work
from tests.world.world import World


@scenario("compact_directory", by_client=False)
def a_snapshot_with_all_changes_since_the_last_one(world: World) -> Plan:
    changed, deleted = world.add_user(), world.add_user()
    world.build_directory()
    world.clock.now += timedelta(hours=2)
    world.add_user()
    world.sign_in(changed.id)
    world.change_user(deleted, deleted.as_erased(world.clock.now))
    return work(lambda: compact_directory.run(world.runtime), lambda _: check_readable(world))


@scenario("compact_directory", by_client=False)
def a_snapshot_that_replaces_a_damaged_one(world: World) -> Plan:
    world.build_directory()
    state = DirectoryState.read(world.runtime.table)
    assert state is not None
    world.runtime.objects.delete([snapshot_key(state.snapshot_id)])
    return work(lambda: compact_directory.run(world.runtime), lambda _: check_readable(world))


@scenario("prepare_directory", by_client=False)
def a_snapshot_for_a_version_with_other_columns(world: World) -> Plan:
    world.add_user()
    return work(lambda: prepare_directory.run(world.runtime), lambda _: check_readable(world))


@scenario("rebuild_directory", by_client=False)
def a_snapshot_from_the_table(world: World) -> Plan:
    user = world.add_user()
    world.build_directory()
    world.sign_in(user.id)
    return work(lambda: rebuild_directory.run(world.runtime), lambda _: check_readable(world))


@scenario("rebuild_directory", by_client=False)
def a_run_that_leaves_work_for_the_next_run(world: World) -> Plan:
    world.build_directory()
    call = partial(make_call, "rebuild_directory", world.runtime)
    return work(lambda: rebuild(call(), timedelta(seconds=-1)), lambda _: check_readable(world))
