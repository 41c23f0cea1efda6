"""Suspicions are confirmed, and a full pass ends, however many runs it takes (L3)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.jobs.reconcile_all_identities import reconcile_all_identities
from functions.jobs.reconcile_identities import reconcile_identities
from rollcall.accounts.drift import GRACE
from rollcall.accounts.position import ABANDONED_AFTER, Listing, PassPosition
from rollcall.accounts.reconciliation import ReconciliationSummary, read_reconciliation
from rollcall.accounts.sweep import (
    Reconciliation,
    begin_pass,
    continue_pass,
    sweep_marked,
)
from rollcall.kit.account import Account
from rollcall.users.storage import ADMINS_LISTED, LISTED, OUT_OF_STEP
from tests.faults.harness import without_sleep
from tests.faults.injection import Crash, Injection, Kind, choose_sites, variants_of
from tests.faults.races import meanwhile
from tests.world.aws_edge import watched
from tests.world.iam import acting_as
from tests.world.snapshot import Snapshot
from tests.world.strict_aws import Response, Serve, WireCall, let_through
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


def run(world: World, **limits: float) -> Reconciliation:
    """A full pass, at the time at which present changes are no longer recent."""
    world.clock.now += LATER
    with acting_as(reconcile_all_identities):
        return begin_pass(world.call(), **limits)


def run_on(world: World, **limits: float) -> Reconciliation:
    """The next run of a pass."""
    world.clock.advance(minutes=15)
    with acting_as(reconcile_identities):
        return continue_pass(world.call(), **limits)


def position(world: World) -> PassPosition:
    found = PassPosition.read(world.runtime.table)
    assert found is not None
    return found


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
        world.runtime.identity.list_accounts()
        list(world.runtime.identity.iterate_admins())
        for index, partition in [("gsi1", OUT_OF_STEP), *(("gsi2", p) for p in _LISTS)]:
            list(world.runtime.table.query_index(index, partition))
        yield
    finally:
        world.aws.intercept = behind


_LISTS = (ADMINS_LISTED, *LISTED)


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
            report = run(world)
            marks = sweep_marked(world.call())

    assert (report.mended, report.failed, report.orphans) == (0, 0, 0)
    assert (marks.mended, marks.failed) == (0, 0)
    looked_at = {each.parameters["Username"] for each in seen if each.operation == "AdminGetUser"}
    assert looked_at >= {mended.id, lost.id, marked.id, "gone"}
    assert [world.account(each.id) for each in (mended, lost, marked)] == before
    assert not {f"{call.service}:{call.operation}" for call in seen} & set(Account.write_actions)


def test_marked_users_are_repaired_until_the_time_is_over(world: World) -> None:
    marked = world.add_user()
    world.write(marked, marked.model_copy(update={"name": "Another Name"}))
    world.clock.now += LATER

    assert sweep_marked(world.call(), seconds=-1) == Reconciliation(complete=False)
    assert sweep_marked(world.call()) == Reconciliation(mended=1)

    assert world.user(marked.id).in_step


def test_run_without_a_pass_under_way_reads_one_item(world: World) -> None:
    for _ in range(2):
        with watched(world.aws) as seen:
            assert run_on(world) == Reconciliation()
        assert [each.operation for each in seen] == ["GetItem"]
        run(world)


def drift_on_several_pages(world: World) -> None:
    """Differences of each kind, with pages of two."""
    users = [world.add_user() for _ in range(3)]
    world.runtime.identity.set_enabled(users[0].id, False)
    world.runtime.identity.delete(users[1].id)
    for name in ("stranger0", "stranger1"):
        add_stranger(world, name)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollcall.kit.identity.ACCOUNTS_AT_ONCE", 2)
    monkeypatch.setattr("rollcall.accounts.sweep.USERS_AT_ONCE", 2)


def outcome(world: World) -> dict[str, Any]:
    """What a pass has found, and the accounts after it."""
    found = summary(world).model_dump(exclude={"id", "version", "mended"})
    times = {"created_at", "updated_at", "checked_at", "completed_at"}
    accounts = {user.id: {**(world.account(user.id) or {}), "sub": ""} for user in world.users()}
    return {**{k: v for k, v in found.items() if k not in times}, "of": accounts}


@pytest.mark.usefixtures("small_pages")
def test_pass_continues_in_the_next_run_where_the_last_one_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drift_on_several_pages(world)
    started_at = world.clock.now + LATER
    reports = [run(world, seconds=-1)]
    assert read_reconciliation(world.runtime.table) is None
    while not reports[-1].complete:
        # Each run has time for one page.
        times = iter([0.0, 0.0])
        monkeypatch.setattr("time.monotonic", partial(next, times, 1e9))
        reports.append(run_on(world))
        monkeypatch.undo()
        monkeypatch.setattr("rollcall.kit.identity.ACCOUNTS_AT_ONCE", 2)
        monkeypatch.setattr("rollcall.accounts.sweep.USERS_AT_ONCE", 2)

    assert len(reports) > 6
    found = summary(world)
    assert (found.checked_accounts, found.checked_users, found.orphans, found.mended) == (
        5,
        4,
        2,
        2,
    )
    assert sum(each.accounts for each in reports) == 5
    assert sum(each.users for each in reports) == 4
    assert (found.checked_at, found.completed_at) == (started_at, world.clock.now)
    assert found.orphan_ids == ("stranger0", "stranger1")
    assert not any(each.restarted or each.overtaken for each in reports)


@pytest.mark.usefixtures("small_pages")
def test_pass_that_is_killed_at_any_request_comes_to_the_same_end(world: World) -> None:
    drift_on_several_pages(world)
    world.clock.now += LATER
    start, undisturbed = Snapshot.of(world), Injection()
    with without_sleep():
        run_with(world, undisturbed)
    wanted, tried = outcome(world), 0
    for site, call in choose_sites(undisturbed.calls):
        for variant in (each for each in variants_of(call) if each.kind is Kind.CRASH):
            start.restore(world)
            with without_sleep():
                with suppress(Crash):
                    run_with(world, Injection(site, variant))
                if PassPosition.read(world.runtime.table) is None:
                    run_with(world, let_through)
                else:
                    continue_pass(world.call())
            assert outcome(world) == wanted, f"{call} (#{site}), {variant}"
            assert position(world).restarts == 0
            tried += 1
    assert tried >= 10, "each request that writes; a kill elsewhere is one after the last of them"


def run_with(world: World, interception: Any) -> None:
    world.clock.advance(seconds=1)
    world.aws.intercept = interception
    try:
        begin_pass(world.call())
    finally:
        world.aws.intercept = let_through


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("operation", ["ListUsers", "AdminGetUser", "BatchGetItem"])
def test_of_two_runs_at_once_one_stops_and_nothing_is_counted_twice(
    world: World, operation: str
) -> None:
    drift_on_several_pages(world)
    world.clock.now += LATER
    other: list[Reconciliation] = []

    with meanwhile(world, operation, lambda: other.append(begin_pass(world.call()))):
        report = begin_pass(world.call())

    assert (report.overtaken, report.complete) == (True, False)
    assert (other[0].overtaken, other[0].complete) == (False, True)
    found = summary(world)
    assert (found.checked_accounts, found.checked_users, found.orphans) == (5, 4, 2)


@pytest.mark.usefixtures("small_pages")
def test_pass_starts_again_when_cognito_refuses_the_token(world: World) -> None:
    drift_on_several_pages(world)
    with refusing_tokens(world):
        report = run(world)
    assert (report.restarted, report.complete, report.accounts) == (True, False, 2)
    assert (position(world).token, position(world).restarts) == (None, 1)
    assert read_reconciliation(world.runtime.table) is None

    assert run_on(world).complete

    found = summary(world)
    assert (found.checked_accounts, found.checked_users, found.orphans) == (5, 4, 2)


@contextmanager
def refusing_tokens(world: World) -> Iterator[None]:
    """Cognito accepts no token of a list."""

    def refuse(call: WireCall, serve: Serve) -> Response:
        if call.operation == "ListUsers" and "PaginationToken" in call.parameters:
            return call.refuse("InvalidParameterException", "Paging marker is invalid for request")
        return serve()

    world.aws.intercept = refuse
    try:
        yield
    finally:
        world.aws.intercept = let_through


def test_pass_that_has_not_moved_for_an_hour_starts_again(world: World) -> None:
    user = world.add_user()
    assert not run(world, seconds=-1).complete
    world.clock.now += ABANDONED_AFTER - timedelta(minutes=15)
    assert not run_on(world, seconds=-1).restarted
    world.runtime.identity.set_enabled(user.id, False)
    started_at = position(world).started_at

    world.clock.now += timedelta(minutes=1)
    report = run_on(world)

    assert (report.restarted, report.complete, report.mended) == (True, True, 1)
    assert summary(world).checked_at == world.clock.now > started_at


def test_second_pass_does_not_begin_while_one_is_under_way(world: World) -> None:
    world.add_user()
    run(world, seconds=-1)
    before = position(world)
    world.clock.advance(minutes=30)
    with acting_as(reconcile_all_identities):
        assert begin_pass(world.call()).complete
    assert position(world).started_at == before.started_at
    assert (position(world).listing, position(world).reported) == (Listing.COMPLETE, True)


def test_user_whom_cognito_refuses_to_look_up_fails_alone(world: World) -> None:
    users = [world.add_user() for _ in range(2)]
    world.runtime.identity.set_enabled(users[1].id, False)

    def refuse(call: WireCall, serve: Serve) -> Response:
        if call.operation == "AdminGetUser" and call.parameters["Username"] == users[0].id:
            return call.refuse("InvalidParameterException", "1 validation error detected")
        return serve()

    world.aws.intercept = refuse
    report = run(world)

    assert (report.mended, report.failed, report.complete) == (1, 1, True)


def peak_memory(world: World, pages: int) -> int:
    """The memory of a pass over so many pages of accounts, in bytes."""
    left = pages

    def answer(call: WireCall, serve: Serve) -> Response:
        nonlocal left
        # The emulation keeps every version of an item for its stream, and what it has checked.
        if call.operation == "UpdateItem":
            return call.accept()
        if call.operation == "BatchGetItem":
            return call.answer({"Responses": {}, "UnprocessedKeys": {}})
        if call.operation != "ListUsers":
            return serve()
        left -= 1
        users = [
            {
                "Username": f"user-{left}-{number}",
                "Attributes": [{"Name": "sub", "Value": "x" * 36}],
                "Enabled": True,
                "UserStatus": "CONFIRMED",
                # Too young to be an orphan, so that no request follows.
                "UserCreateDate": world.clock.now,
            }
            for number in range(60)
        ]
        token = {"PaginationToken": "t" * 400} if left else {}
        return call.answer({"Users": users, **token})

    world.aws.intercept = answer
    tracemalloc.start()
    try:
        report = run(world)
        assert (report.accounts, report.complete) == (pages * 60, True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        world.aws.intercept = let_through


def test_memory_does_not_grow_with_the_number_of_accounts(world: World) -> None:
    peak_memory(world, 2)  # what is loaded only once
    few, many = peak_memory(world, 5), peak_memory(world, 50)
    assert many < few + 100_000, "2,700 ids more take over 150,000"
