"""The scheduled clean-up of accounts that nobody uses (L1, I18)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from functions.jobs.clean_up_accounts import clean_up_accounts
from functions.jobs.rebuild_directory import rebuild_directory
from functions.lifecycle.get_lifecycle_run import get_lifecycle_run
from functions.lifecycle.replace_lifecycle_policy import replace_lifecycle_policy
from rollcall.clean_up import CleanUpReport
from rollcall.statuses import Status
from tests.faults.invariants import check_settled
from tests.iam import acting_as
from tests.world import START, World


def set_policy(world: World, **terms: Any) -> None:
    reply = world.invoke(replace_lifecycle_policy, body=terms)
    assert reply.status == 200, reply.body


def run(world: World) -> CleanUpReport:
    """One invocation, with its reactions."""
    with acting_as(clean_up_accounts):
        report = clean_up_accounts.run(world.runtime)
    world.drain()
    return report


def on_day(world: World, day: int) -> set[str]:
    """What a run does so many days after the start, a line for each user."""
    world.clock.now = START + timedelta(days=day)
    rebuild_directory.run(world.runtime)  # or the directory would read the days' whole journal
    report = run(world)
    if report.run_id is None:
        return set()
    reply = world.invoke(get_lifecycle_run, path={"run_id": report.run_id})
    return {f"{each['userId']} {each['outcome']}" for each in reply.body["items"]}


def test_who_never_signs_in_is_warned_then_disabled_then_deleted(world: World) -> None:
    set_policy(world, deleteDisabled=True)
    user = world.add_user("ada@example.com")

    assert on_day(world, 75) == set()
    assert on_day(world, 76) == {f"{user.id} warned"}
    assert ["ada@example.com"] in [mail.to for mail in world.mails()]
    assert on_day(world, 89) == set()
    assert world.user(user.id).status is Status.ACTIVE
    assert on_day(world, 90) == {f"{user.id} disabled"}
    assert world.user(user.id).status is Status.INACTIVE
    assert check_settled(world) == []
    assert on_day(world, 119) == set()
    assert on_day(world, 120) == {f"{user.id} deleted"}
    assert world.user(user.id).erased
    assert check_settled(world) == []
