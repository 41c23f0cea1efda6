"""A clean-up that is killed repeatedly has the same results as an undisturbed one."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Any

import pytest

from functions.jobs.clean_up_accounts import clean_up_accounts
from functions.jobs.rebuild_directory import rebuild_directory
from rollcall.directory.directory import open_directory
from rollcall.grants.role import ensure_built_in_roles
from rollcall.kit.call import Runtime
from rollcall.kit.job import make_call
from rollcall.kit.journal_tail import LOOK_BACK
from rollcall.kit.transaction import Change
from rollcall.lifecycle.candidates import Candidates
from rollcall.lifecycle.clean_up import PAGE
from rollcall.lifecycle.decisions import Deed, decide
from rollcall.lifecycle.policy import LifecyclePolicy, LifecycleTerms, read_lifecycle_policy
from rollcall.lifecycle.runs import RUNS, find_running, read_steps
from rollcall.users.inactivity import Inactivity
from rollcall.users.sign_ins import SignIns
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.opening import open_world

USERS = int(os.environ.get("ROLLCALL_CLEAN_UP_USERS", "80"))
"""Ten thousand take an hour."""
TERMS = LifecycleTerms(stop_above_percent=100, steps_per_run=2_000, exempt_filter='name eq "Vip"')
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
BETWEEN_INVOCATIONS = timedelta(seconds=10)
"""So that the directory has not to look through all of the journal each time; ten thousand users
still take less than a day.
"""
DONE = {Deed.WARN: "warned", Deed.DISABLE: "disabled"}


class Killed(BaseException):
    """The process is killed here."""


@dataclass
class Clock:
    """A clock that the test sets."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The current time."""
        return self.now


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    """A table and a bucket without users."""
    with open_world(with_admin=False) as world:
        yield replace(world.runtime, clock=Clock())


def commit(runtime: Runtime, *changes: Change[Any]) -> None:
    make_call("arrange", runtime).commit(*changes, answer=lambda written: written)


def people(runtime: Runtime, clock: Clock, chance: random.Random) -> None:
    """Add users of all kinds, and set the policy."""
    ensure_built_in_roles(make_call("arrange", runtime))
    policy = LifecyclePolicy.default(clock.now).with_terms(TERMS)
    commit(runtime, Change(None, policy))
    for number in range(USERS):
        call = make_call("arrange", runtime)
        user = User(
            id=call.new_id("usr"),
            created_at=call.now - timedelta(days=chance.choice([0, 80, 200])),
            updated_at=call.now,
            email=f"user{number}@example.com",
            name=chance.choice(["Ada", "Bob", "Vip"]),
            is_admin=chance.random() < 0.1,
        )
        changes: list[Change[Any]] = [Change(None, user)]
        kept = Inactivity.none_of(user.id, call.now)
        ago = call.now - timedelta(days=chance.choice([5, 14, 60]))
        if chance.random() < 0.6:
            changes.append(Change(None, kept.with_warning(ago, ago + timedelta(days=14))))
        if chance.random() < 0.3:
            known = SignIns.none_of(user.id, call.now)
            signed_in = known.with_sign_in(
                ago - timedelta(days=chance.choice([-1, 90])), ["google"]
            )
            changes.append(Change(None, signed_in))
        commit(runtime, *changes)


def foresee(runtime: Runtime) -> dict[str, str]:
    """The actions of an undisturbed run, by user."""
    call = make_call("foresee", runtime)
    policy = read_lifecycle_policy(runtime.table, call.now)
    candidates = Candidates.of(call, open_directory(call), policy, call.now)
    deeds = {each.id: decide(policy, each, call.now).deed for each in candidates.read()}
    return {user_id: DONE[deed] for user_id, deed in deeds.items() if deed}


@contextmanager
def killed_after(client: Any, calls: int, *, in_effect: bool) -> Iterator[None]:
    """Kill the process at its nth transaction, before or after it takes effect."""
    left = [calls]

    def kill(**_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    event = f"{'after-call' if in_effect else 'before-call'}.dynamodb.TransactWriteItems"
    client.meta.events.register(event, kill)
    try:
        yield
    finally:
        client.meta.events.unregister(event, kill)


def kill_at_every_step(_: random.Random) -> Iterator[tuple[int, bool]]:
    """Each transaction: once before, and once after it takes effect."""
    return cycle([(0, False), (0, True)])


def kill_here_and_there(chance: random.Random) -> Iterator[tuple[int, bool]]:
    """After a few steps, and close to the end of a page."""
    calls = [*range(6), PAGE - 1, PAGE, PAGE + 1]
    return ((chance.choice(calls), chance.random() < 0.5) for _ in count())


def run_killed(runtime: Runtime, clock: Clock, kills: Iterator[tuple[int, bool]]) -> int:
    """Invocations that are killed, one after the other, until no action is left;
    returns how many.
    """
    client: Any = runtime.table._client
    for number, (calls, in_effect) in enumerate(kills):
        if not foresee(runtime) and find_running(runtime.table) is None:
            return number
        with killed_after(client, calls, in_effect=in_effect), suppress(Killed):
            clean_up_accounts.run(runtime)
        clock.now += BETWEEN_INVOCATIONS
    raise AssertionError


def outcomes(runtime: Runtime) -> list[tuple[str, str]]:
    """The actions of all runs, by user."""
    runs = runtime.table.query_index("gsi1", RUNS)
    steps = (step for run in runs for step in read_steps(runtime.table, run["id"], 0))
    return [(step.user_id, step.outcome.value) for step in steps]


def statuses(runtime: Runtime, user_ids: Iterable[str]) -> dict[str, Status]:
    """The state of these users."""
    found = ((each, runtime.table.find(User, each)) for each in user_ids)
    return {user_id: user.status for user_id, user in found if user}


@pytest.mark.parametrize("choose_kills", [kill_at_every_step, kill_here_and_there])
def test_killed_runs_have_the_results_of_undisturbed_ones(
    runtime: Runtime, choose_kills: Callable[[random.Random], Iterator[tuple[int, bool]]]
) -> None:
    chance = random.Random(7)  # noqa: S311 (the same each time)
    clock = runtime.clock
    assert isinstance(clock, Clock)
    people(runtime, clock, chance)
    clock.now += LOOK_BACK
    rebuild_directory.run(runtime)
    expected = foresee(runtime)
    assert set(expected.values()) == {"warned", "disabled"}

    invocations = run_killed(runtime, clock, choose_kills(chance))

    assert invocations > 1
    done = outcomes(runtime)
    assert sorted(done) == sorted(expected.items())  # each once
    disabled = {user_id for user_id, outcome in expected.items() if outcome == "disabled"}
    found = statuses(runtime, expected)
    assert {each for each, status in found.items() if status is Status.INACTIVE} == disabled
