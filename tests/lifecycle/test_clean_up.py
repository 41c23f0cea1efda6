"""Interrupted runs continue where they were, and stop if the policy changes (L1, I18)."""

from __future__ import annotations

from functions.jobs.rebuild_directory import rebuild_directory
from rollcall.kit.transaction import Change
from rollcall.lifecycle.clean_up import clean_up, find_impact
from rollcall.lifecycle.policy import LifecycleTerms, read_lifecycle_policy
from rollcall.lifecycle.runs import LifecycleRun, RunStatus, StoppedFor, read_steps
from tests.faults.invariants import check_always
from tests.world.world import World


def set_terms(world: World, terms: LifecycleTerms) -> None:
    policy = read_lifecycle_policy(world.runtime.table, world.clock.now)
    before = policy if policy.version else None
    change = Change(before, policy.with_terms(terms))
    world.call().commit(change, answer=lambda written: written)


def add_idle(world: World, number: int) -> list[str]:
    """Add this many users for whom a warning is due."""
    users = sorted(world.add_user().id for _ in range(number))
    world.clock.advance(days=80)
    world.build_directory()
    return users


def test_invocation_without_time_leaves_the_rest_to_the_next_one(world: World) -> None:
    users = add_idle(world, 3)

    reports = [clean_up(world.call("clean_up_accounts"), seconds=0) for _ in range(4)]

    assert len({each.run_id for each in reports}) == 1
    assert [each.status for each in reports] == [RunStatus.RUNNING] * 3 + [RunStatus.COMPLETE]
    assert [each.warned for each in reports] == [1, 2, 3, 3]
    steps = read_steps(world.runtime.table, str(reports[0].run_id), 0)
    assert [each.user_id for each in steps] == users
    assert check_always(world) == []


def test_run_decides_by_the_time_of_its_start(world: World) -> None:
    add_idle(world, 1)
    later = world.add_user()
    clean_up(world.call(), seconds=0)
    world.clock.advance(days=77)
    rebuild_directory.run(world.runtime)  # or the directory would read the days' whole journal

    assert clean_up(world.call()).warned == 1
    assert clean_up(world.call()).due == {"warn": 1, "disable": 1}
    assert (
        find_impact(world.call(), read_lifecycle_policy(world.runtime.table, world.clock.now)).users
        == 3
    )
    assert later.version == 1


def test_interrupted_run_ends_if_the_policy_has_changed(world: World) -> None:
    users = add_idle(world, 2)
    begun = clean_up(world.call(), seconds=0)
    set_terms(world, LifecycleTerms(warn_after_days=81))

    ended, following = clean_up(world.call()), clean_up(world.call())

    assert (ended.run_id, ended.stopped_for) == (begun.run_id, StoppedFor.POLICY_CHANGED)
    assert (ended.warned, following.due) == (1, {})
    stored = world.runtime.table.find(LifecycleRun, str(begun.run_id))
    assert stored is not None
    assert stored.position == users[0]


def test_user_who_becomes_exempt_by_the_filter_meanwhile_is_skipped(world: World) -> None:
    set_terms(world, LifecycleTerms(exempt_filter='name eq "Vip"'))
    _, second = add_idle(world, 2)
    begun = clean_up(world.call(), seconds=0)
    user = world.user(second)
    world.write(user, user.model_copy(update={"name": "Vip"}))

    report = clean_up(world.call())

    assert (begun.due, report.status, report.warned) == ({"warn": 2}, RunStatus.COMPLETE, 1)
