"""Interrupted runs continue where they were, and stop if the policy changes (L1, I18)."""

from __future__ import annotations

import pytest

from functions.jobs.rebuild_directory import rebuild_directory
from rollcall.kit.transaction import Change
from rollcall.lifecycle.clean_up import clean_up, find_impact
from rollcall.lifecycle.policy import CleanUpMode, LifecycleTerms, read_lifecycle_policy
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
    policy = read_lifecycle_policy(world.runtime.table, world.clock.now)
    assert find_impact(world.call(), policy)[0].users == 3
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


BROKEN = {
    'name eq "Vip" or status eq "retired"': "status requires one of",
    'shoeSize gt 44 or name eq "Vip"': "shoeSize does not exist",
}
"""Filters that could be saved by an earlier version, and what is wrong with them now."""


@pytest.mark.parametrize("text", BROKEN)
def test_filter_that_cannot_be_used_any_more_stops_the_run_with_the_reason(
    world: World, text: str
) -> None:
    set_terms(world, LifecycleTerms(exempt_filter=text))
    add_idle(world, 2)

    report = clean_up(world.call())

    assert (report.status, report.stopped_for) == (RunStatus.STOPPED, StoppedFor.INVALID_FILTER)
    assert BROKEN[text] in str(report.stopped_detail)
    assert (report.warned, report.failed) == (0, 1)
    stored = world.runtime.table.find(LifecycleRun, str(report.run_id))
    assert stored is not None
    assert stored.stopped_detail == report.stopped_detail
    assert list(read_steps(world.runtime.table, stored.id, 0)) == []
    assert check_always(world) == []


@pytest.mark.parametrize("text", BROKEN)
def test_filter_that_breaks_during_a_run_stops_it_before_the_next_user(
    world: World, text: str
) -> None:
    add_idle(world, 2)
    begun = clean_up(world.call(), seconds=0)
    policy = read_lifecycle_policy(world.runtime.table, world.clock.now)
    run = world.runtime.table.load(LifecycleRun, str(begun.run_id))
    set_terms(world, LifecycleTerms(exempt_filter=text))
    world.commit(run, run.model_copy(update={"policy_version": policy.version + 1}))

    report = clean_up(world.call())

    assert (report.run_id, report.stopped_for) == (begun.run_id, StoppedFor.INVALID_FILTER)
    assert (report.warned, report.failed) == (1, 1)


def test_facts_that_become_unknown_during_a_run_stop_it(world: World) -> None:
    for user_id in add_idle(world, 2):
        world.push_facts(user_id, "hr", level=1)
    set_terms(world, LifecycleTerms(exempt_filter='name eq "Vip" or facts.hr.level gt 1'))
    begun = clean_up(world.call(), seconds=0)
    world.clock.advance(days=8)

    report = clean_up(world.call())

    assert (report.run_id, report.stopped_for) == (begun.run_id, StoppedFor.UNCERTAIN_FILTER)
    assert report.stopped_detail == "Unknown at present: facts.hr.level gt 1."
    assert (report.warned, report.failed) == (1, 0)


def test_dry_run_reports_a_filter_that_cannot_be_used_any_more(world: World) -> None:
    terms = LifecycleTerms(mode=CleanUpMode.DRY_RUN, exempt_filter='status eq "retired"')
    set_terms(world, terms)
    add_idle(world, 1)

    report = clean_up(world.call())

    assert (report.run_id, report.stopped_for) == (None, StoppedFor.INVALID_FILTER)
    assert report.failed == 1
