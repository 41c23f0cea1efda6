"""Stored runs of the clean-up (L1)."""

from __future__ import annotations

import pytest

from rollcall.kit.errors import Conflict
from rollcall.kit.transaction import Change
from rollcall.lifecycle.decisions import Deed
from rollcall.lifecycle.runs import (
    LifecycleRun,
    LifecycleRunAnswer,
    Outcome,
    RunStatus,
    StoppedFor,
    find_running,
    read_steps,
)
from tests.faults.invariants import check_always
from tests.world.world import World


def begin(world: World) -> LifecycleRun:
    call = world.call("clean_up_accounts")
    run = LifecycleRun.begin(call, policy_version=0, users=9, due={Deed.WARN: 2})
    return call.commit(Change(None, run), answer=lambda written: written)


def write(world: World, before: LifecycleRun, after: LifecycleRun) -> LifecycleRun:
    world.call("clean_up_accounts").commit(Change(before, after), answer=lambda written: written)
    stored = world.runtime.table.find(LifecycleRun, before.id)
    assert stored is not None
    return stored


def test_each_step_is_a_version_and_a_row_and_only_its_numbers_are_in_the_journal(
    world: World,
) -> None:
    run = begin(world)
    for user_id, outcome in (("usr_1", Outcome.WARNED), ("usr_2", Outcome.DISABLED)):
        run = write(world, run, run.with_step(user_id, outcome, world.clock.now))

    assert (run.version, run.steps, run.position, run.step) == (3, 2, "usr_2", None)
    assert run.outcomes == {Outcome.WARNED: 1, Outcome.DISABLED: 1}
    steps = list(read_steps(world.runtime.table, run.id, 0))
    assert [(each.number, each.user_id, each.outcome) for each in steps] == [
        (1, "usr_1", "warned"),
        (2, "usr_2", "disabled"),
    ]
    assert [each.number for each in read_steps(world.runtime.table, run.id, 1)] == [2]
    assert set(world.journal(run.id)[-1].changes) == {"position", "steps", "outcomes"}
    assert check_always(world) == []


def test_only_one_run_can_be_in_progress(world: World) -> None:
    run = begin(world)
    assert find_running(world.runtime.table) == run
    with pytest.raises(Conflict, match="Another run is in progress"):
        begin(world)

    ended = write(world, run, run.as_ended(world.clock.now))

    assert (ended.status, ended.finished_at) == (RunStatus.COMPLETE, world.clock.now)
    assert find_running(world.runtime.table) is None
    assert begin(world).status is RunStatus.RUNNING


def test_answer_has_the_reason_for_stopping(world: World) -> None:
    run = begin(world)
    stopped = write(world, run, run.as_ended(world.clock.now, StoppedFor.TOO_MANY))
    answer = LifecycleRunAnswer.of(stopped)
    assert (answer.status, answer.stopped_for) == ("stopped", "too_many")
    assert (answer.started_at, answer.due) == (run.created_at, {"warn": 2})
