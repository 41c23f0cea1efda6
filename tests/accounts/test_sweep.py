"""Suspicions are confirmed, and a sweep ends in time (L3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from math import inf
from typing import Any

from functions.jobs.reconcile_identities import reconcile_identities
from rollcall.accounts.drift import GRACE, Suspicions
from rollcall.accounts.reconciliation import ReconciliationSummary, read_reconciliation
from rollcall.accounts.sweep import Reconciliation, sweep_identities
from rollcall.kit.account import Account
from tests.world.aws_edge import watched
from tests.world.iam import acting_as
from tests.world.strict_aws import Response, Serve, WireCall
from tests.world.world import World

LATER = GRACE + timedelta(seconds=1)


def summary(world: World) -> ReconciliationSummary:
    found = read_reconciliation(world.runtime.table)
    assert found is not None
    return found


def add_stranger(world: World, name: str) -> None:
    world.cognito.admin_create_user(
        UserPoolId=world.runtime.identity.user_pool_id, Username=name, MessageAction="SUPPRESS"
    )


def sweep(world: World, **limits: float) -> Reconciliation:
    """The time at which present changes are no longer recent."""
    world.clock.now += LATER
    with acting_as(reconcile_identities):
        return sweep_identities(world.call(), **limits)  # type: ignore[arg-type]  # at_most is whole


@contextmanager
def lagging(world: World) -> Iterator[None]:
    """Lists and indexes go on saying what they say now; what is asked about one is as it is."""
    behind, said = world.aws.intercept, dict[str, Response]()

    def answer(call: WireCall, serve: Serve) -> Response:
        asked = call.parameters
        if not call.operation.startswith("ListUsers") and "IndexName" not in asked:
            return behind(call, serve)
        partition = asked.get("ExpressionAttributeValues", {}).get(":pk")
        name = f"{call.operation} {asked.get('IndexName')} {partition}"
        if name not in said:
            said[name] = behind(call, serve)
        return said[name]

    world.aws.intercept = answer
    try:
        list(Suspicions(world.call(), deadline=inf))
        yield
    finally:
        world.aws.intercept = behind


def stranger_as_user(name: str) -> dict[str, Any]:
    """The fields that turn a copy of another user into the user of an unknown account."""
    return {"id": name, "email": None, "username": None, "identity_version": 1}


def test_suspicion_from_a_lagging_list_is_confirmed_before_any_repair(world: World) -> None:
    mended, lost, marked = (world.add_user() for _ in range(3))
    identity = world.runtime.identity
    identity.set_enabled(mended.id, False)
    identity.delete(lost.id)
    world.write(marked, marked.model_copy(update={"name": "Another Name"}))
    for name in ("gone", "adopted"):
        add_stranger(world, name)
    world.clock.now += LATER
    with lagging(world):
        identity.set_enabled(mended.id, True)
        identity.create(lost.account(), None, invite=False)
        world.drain()
        identity.delete("gone")
        world.write(None, lost.model_copy(update=stranger_as_user("adopted")))
        before = [world.account(each.id) for each in (mended, lost, marked)]
        with watched(world.aws) as seen:
            report = sweep(world)

    assert (report.mended, report.failed, report.orphans) == (0, 0, 0)
    looked_at = {each.parameters["Username"] for each in seen if each.operation == "AdminGetUser"}
    assert looked_at == {mended.id, lost.id, marked.id, "gone"}
    assert [world.account(each.id) for each in (mended, lost, marked)] == before
    assert not {f"{call.service}:{call.operation}" for call in seen} & set(Account.write_actions)


def test_at_most_the_limit_is_repaired_and_marked_users_are_first(world: World) -> None:
    meddled, marked, lost = (world.add_user() for _ in range(3))
    world.runtime.identity.set_enabled(meddled.id, False)
    world.runtime.identity.delete(lost.id)
    world.write(marked, marked.model_copy(update={"name": "Another Name"}))

    first = sweep(world, at_most=1)
    assert (first.mended, first.left_over) == (1, 2)
    assert world.user(marked.id).in_step
    assert summary(world).out_of_step == 2

    second = sweep(world, at_most=1)
    assert (second.mended, second.left_over) == (1, 1)
    assert sweep(world).mended == 1
    assert summary(world).out_of_step == 0


def test_sweep_stops_at_its_deadline_and_reports_the_rest(world: World) -> None:
    user = world.add_user()
    world.runtime.identity.set_enabled(user.id, False)

    report = sweep(world, seconds=-1)

    assert (report.mended, report.complete) == (0, False)
    assert summary(world).checked_at == world.clock.now
    assert sweep(world).mended == 1
