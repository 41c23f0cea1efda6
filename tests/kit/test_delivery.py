"""Deliveries: each function receives the new entries that it reacts to, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ministack.services.lambda_svc import _match_esm_filter
from pydantic import ValidationError

from rollcall.kit.delivery import (
    Delivery,
    match_new_entries,
    plan_deliveries,
    read_subscriptions,
    write_subscriptions,
)
from rollcall.kit.entity import Key
from rollcall.kit.journal import COPIED
from rollcall.kit.transaction import Change
from rollcall.lifecycle.runs import LifecycleRun
from rollcall.users.inactivity import Inactivity
from rollcall_infra.catalog import read_catalog
from tests.world.stored_world import as_record
from tests.world.world import World

SUBSCRIPTIONS = {"follow_user": ("user",), "follow_both": ("user", "group"), "follow_run": ("run",)}


def make_record(kind: str, name: str, event: str = "INSERT") -> dict[str, Any]:
    """The record of an entry about an entity of this kind."""
    target = {"M": {"kind": {"S": kind}}}
    return as_record({"pk": {"S": "JOURNAL#1"}, "sk": {"S": name}, "target": target}, event)


def plan(*records: dict[str, Any]) -> dict[str, list[str]]:
    """The names of the entries that each function receives."""
    planned = plan_deliveries(records, SUBSCRIPTIONS)
    return {each.function: [key.sk for key in each.entries] for each in planned}


def test_each_function_receives_its_entries_together_and_in_order() -> None:
    records = [make_record("user", "e1"), make_record("group", "e2"), make_record("user", "e3")]
    assert plan(*records) == {"follow_user": ["e1", "e3"], "follow_both": ["e1", "e2", "e3"]}


def test_entries_about_other_kinds_are_delivered_to_no_function() -> None:
    assert plan(make_record("note", "e1")) == {}


@pytest.mark.parametrize("event", ["MODIFY", "REMOVE"])
def test_changed_and_deleted_entries_are_delivered_to_no_function(event: str) -> None:
    assert plan(make_record("user", "e1", event)) == {}


def test_entries_that_a_restore_copies_are_delivered_to_no_function() -> None:
    record = make_record("user", "e1")
    record["dynamodb"]["NewImage"][COPIED] = {"BOOL": True}
    assert plan(record) == {}


def test_delivery_holds_keys_and_nothing_of_the_entries() -> None:
    record = make_record("run", "e1")
    record["dynamodb"]["NewImage"]["changes"] = {"S": "jane@example.com"}
    (delivery,) = plan_deliveries([record], SUBSCRIPTIONS)
    assert delivery.model_dump_json() == '{"function":"follow_run","entries":[["JOURNAL#1","e1"]]}'
    read = Delivery.model_validate_json(delivery.model_dump_json())
    assert read.entries == (Key("JOURNAL#1", "e1"),)


def test_error_about_another_event_does_not_show_it() -> None:
    """As after an upgrade, while an earlier mapping still sends records of the stream."""
    with pytest.raises(ValidationError) as raised:
        Delivery.model_validate({"Records": [{"email": "jane@example.com"}]})
    assert "jane" not in str(raised.value)


def test_setting_holds_the_subscriptions_of_all_reactions() -> None:
    subscriptions = read_catalog().subscriptions
    assert read_subscriptions(write_subscriptions(subscriptions)) == subscriptions
    assert read_subscriptions("") == {}


def test_event_filter_matches_what_some_reaction_reacts_to(world: World) -> None:
    """The filter of the event source and the dispatch agree about every stored item."""
    owner, group_id = world.add_user(), world.add_group("Readers")
    world.add_role("Assistant")
    world.add_organization("Example Corp")
    world.add_resource(owner.id, group_id=group_id)
    world.add_note(owner.id, "Likes tea")
    world.add_invitation()
    world.add_registration()
    _clean_up(world, owner.id)
    subscriptions = read_catalog().subscriptions
    pattern = match_new_entries(subscriptions)

    received: dict[str, set[str]] = {name: set() for name in subscriptions}
    matching = 0
    for item in world.stored():
        deliveries = list(plan_deliveries([as_record(item)], subscriptions))
        assert _match_esm_filter(as_record(item), pattern) == bool(deliveries)
        assert not _match_esm_filter(as_record(item, "MODIFY"), pattern)
        matching += bool(deliveries)
        for each in deliveries:
            received[each.function].add(item["target"]["M"]["kind"]["S"])

    assert received == {name: set(kinds) for name, kinds in subscriptions.items()}
    assert 0 < matching < len(world.journal())


def _clean_up(world: World, user_id: str) -> None:
    """A run of the clean-up, in which a user is warned."""
    call = world.call()
    warned = Inactivity.none_of(user_id, call.now).with_warning(call.now, call.now)
    run = LifecycleRun.begin(call, policy_version=0, users=1, due={})
    call.commit(Change(None, run), Change(None, warned), answer=lambda written: written)
