"""The clean-up is killed again and again, and comes out as if it had never been: on the emulator,
which is fast enough for a good number of users.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.jobs.clean_up_accounts import clean_up_accounts
from functions.jobs.rebuild_directory import rebuild_directory
from infra.local.emulator import Emulator
from infra.local.provision import provision
from infra.local.server import make_runtime
from rollcall.clean_up import CleanUpReport
from rollcall.directory.directory import open_directory
from rollcall.directory.dormant import Dormant
from rollcall.inactivity import Inactivity
from rollcall.kit.call import Runtime
from rollcall.kit.job import make_call
from rollcall.kit.transaction import Change
from rollcall.lifecycle_decisions import Deed, decide
from rollcall.lifecycle_policy import LifecyclePolicy, LifecycleTerms, read_lifecycle_policy
from rollcall.lifecycle_runs import RunStatus, read_steps
from rollcall.roles import ensure_built_in_roles
from rollcall.sign_ins import SignIns
from rollcall.statuses import Status
from rollcall.users import User

USERS = 120
TERMS = LifecycleTerms(stop_above_percent=100, steps_per_run=2_000, exempt_filter='name eq "Vip"')
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DONE = {Deed.WARN: "warned", Deed.DISABLE: "disabled"}


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The present moment."""
        return self.now


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Table and bucket on the emulator."""
    state = tmp_path_factory.mktemp("state")
    emulator = Emulator(0, state / "emulator.log", state)
    emulator.start()
    try:
        made = make_runtime(emulator, provision(emulator))
        yield replace(made, clock=Clock())
    finally:
        emulator.stop()


def commit(runtime: Runtime, *changes: Change[Any]) -> None:
    make_call("arrange", runtime).commit(*changes, answer=lambda written: written)


def people(runtime: Runtime, clock: Clock, chance: random.Random) -> None:
    """Users of all kinds, and the policy."""
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
    """What an undisturbed run does about whom."""
    call = make_call("foresee", runtime)
    policy = read_lifecycle_policy(runtime.table, call.now)
    dormant = Dormant.of(call, open_directory(call), policy, call.now)
    deeds = {each.id: decide(policy, each, call.now).deed for each in dormant.read()}
    return {user_id: DONE[deed] for user_id, deed in deeds.items() if deed}


@contextmanager
def killed_after(client: Any, calls: int, *, in_effect: bool) -> Iterator[None]:
    """The process dies at its so-many-th transaction, before it or once it is in effect."""
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


def run_killed(runtime: Runtime, chance: random.Random) -> Iterator[CleanUpReport | None]:
    """Invocations that are killed after a few steps each, until one comes to the end."""
    client: Any = runtime.table._client
    report: CleanUpReport | None = None
    while report is None:
        calls, in_effect = chance.randrange(4), chance.random() < 0.5
        with killed_after(client, calls, in_effect=in_effect), suppress(Killed):
            report = clean_up_accounts.run(runtime)
        yield report


def statuses(runtime: Runtime, user_ids: Iterable[str]) -> dict[str, Status]:
    """Where these users stand."""
    found = ((each, runtime.table.find(User, each)) for each in user_ids)
    return {user_id: user.status for user_id, user in found if user}


def test_run_that_is_killed_at_every_few_steps_does_what_an_undisturbed_one_does(
    runtime: Runtime,
) -> None:
    chance = random.Random(7)  # noqa: S311 (the same each time)
    clock = runtime.clock
    assert isinstance(clock, Clock)
    people(runtime, clock, chance)
    rebuild_directory.run(runtime)
    expected = foresee(runtime)
    assert set(expected.values()) == {"warned", "disabled"}

    invocations = list(run_killed(runtime, chance))

    report = invocations[-1]
    assert report is not None
    assert len(invocations) > len(expected) / 4
    assert report.status is RunStatus.COMPLETE
    steps = list(read_steps(runtime.table, str(report.run_id), 0))
    assert [each.number for each in steps] == list(range(1, len(expected) + 1))
    assert {each.user_id: each.outcome.value for each in steps} == expected
    disabled = {user_id for user_id, done in expected.items() if done == "disabled"}
    found = statuses(runtime, expected)
    assert {each for each, status in found.items() if status is Status.INACTIVE} == disabled
    assert foresee(runtime) == {}
