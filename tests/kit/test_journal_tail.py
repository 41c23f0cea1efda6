"""A reader of the journal's tail sees every entry, in every hour and shard."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier

import pytest

from rollcall.kit.errors import Unavailable
from rollcall.kit.ids import new_id
from rollcall.kit.journal import (
    SHARDS,
    ActorRecord,
    JournalEntry,
    TargetRecord,
)
from rollcall.kit.journal_tail import LOOK_BACK, Touch, read_entries, read_touches
from tests.world.aws_edge import failing
from tests.world.strict_aws import Response, Serve, WireCall, let_through
from tests.world.world import World


def add_entry(world: World, ago: timedelta, *touches: str) -> Touch:
    at = world.clock.now - ago
    entry = JournalEntry(
        id=new_id("jrn", at),
        at=at,
        action="update_user",
        actor=ActorRecord(kind="user", id=world.admin_id),
        target=TargetRecord(kind="user", id=new_id("usr", at), version=2),
        changes={},
        request_id="req_1",
        touches=touches,
    )
    assert world.runtime.table.put_once(entry.item())
    return Touch(entry.id, "user", entry.target.id, touches)


def test_entries_of_all_hours_and_shards_are_read_but_no_earlier_ones(world: World) -> None:
    since = world.clock.now - timedelta(hours=2)
    add_entry(world, timedelta(hours=2, milliseconds=1))
    expected = {
        add_entry(world, timedelta(minutes=minutes), f"usr_{minutes}")
        for minutes in range(0, 121, 4)
    }

    found = list(read_touches(world.runtime.table, since, world.clock.now))

    assert expected <= set(found)
    assert {each.entry_id for each in found if each.others} == {each.entry_id for each in expected}
    assert len(found) == len(set(found))


def test_entry_of_a_clock_that_is_ahead_is_read(world: World) -> None:
    ahead = add_entry(world, -LOOK_BACK)
    assert ahead in set(read_touches(world.runtime.table, world.clock.now, world.clock.now))


def test_shards_of_an_hour_are_queried_concurrently(world: World) -> None:
    all_there = Barrier(SHARDS)

    def wait_for_the_others(_: WireCall, serve: Serve) -> Response:
        all_there.wait(timeout=30)  # fails if the shards are queried one after another
        return serve()

    now = world.clock.now.replace(minute=30)
    world.aws.intercept = wait_for_the_others
    list(read_touches(world.runtime.table, now, now))
    world.aws.intercept = let_through


def test_unavailable_shard_is_an_error_and_not_empty(world: World) -> None:
    with failing(world.aws, "dynamodb", "Query"), pytest.raises(Unavailable):
        list(read_touches(world.runtime.table, world.clock.now, world.clock.now))


def test_entries_of_a_period_are_read_in_order_without_those_of_its_end(world: World) -> None:
    since, until = world.clock.now - timedelta(hours=2), world.clock.now - timedelta(minutes=5)
    add_entry(world, timedelta(hours=2, milliseconds=1))
    expected = [
        add_entry(world, timedelta(minutes=minutes)).entry_id for minutes in range(120, 5, -5)
    ]
    add_entry(world, timedelta(minutes=5))

    found = list(read_entries(world.runtime.table, since, until))

    assert [each.id for each in found] == expected
