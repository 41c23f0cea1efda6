"""Journal entries (A1, A2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.kit.actor import ActorKind
from rollcall.kit.ids import new_id
from rollcall.kit.journal import (
    SHARDS,
    ActorRecord,
    JournalEntry,
    TargetRecord,
    compare_facts,
)

FACTS = st.dictionaries(st.sampled_from("abcdef"), st.none() | st.integers(0, 3) | st.text())


@given(before=FACTS, after=FACTS)
def test_comparison_turns_one_state_into_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    changes = compare_facts(before, after)

    applied = before | {name: change.after for name, change in changes.items()}
    for name in before.keys() | after.keys():
        assert applied.get(name) == after.get(name)
        assert (name in changes) == (before.get(name) != after.get(name))
        if name in changes:
            assert changes[name].before == before.get(name)


@given(facts=FACTS)
def test_equal_states_have_no_changes(facts: dict[str, Any]) -> None:
    assert compare_facts(facts, dict(facts)) == {}


def make_entry(at: datetime, kind: ActorKind = "user") -> JournalEntry:
    return JournalEntry(
        id=new_id("jrn", at),
        at=at,
        action="update_user",
        actor=ActorRecord(kind=kind, id="usr_1", ip_address="192.0.2.7"),
        target=TargetRecord(kind="user", id="usr_2", version=3),
        changes=compare_facts({"name": "Old"}, {"name": "New", "city": None}),
        reason="Asked for it",
        request_id="req_1",
    )


def test_entry_is_stored_by_hour_and_found_by_target_and_actor() -> None:
    entry = make_entry(datetime(2026, 1, 5, 9, 59, 59, tzinfo=UTC))

    item = entry.item()

    assert item["pk"].startswith("JOURNAL#2026-01-05T09#")
    assert (item["gsi1pk"], item["gsi2pk"]) == ("TARGET#usr_2", "ACTOR#usr_1")
    assert item["sk"] == item["gsi1sk"] == item["gsi2sk"] == entry.id
    assert JournalEntry.model_validate(item) == entry


@pytest.mark.parametrize(
    ("kind", "indexed"), [("user", True), ("client", True), ("system", False), ("anonymous", False)]
)
def test_only_entries_of_users_and_services_are_indexed_by_actor(
    kind: ActorKind, indexed: bool
) -> None:
    item = make_entry(datetime(2026, 1, 5, tzinfo=UTC), kind).item()
    assert ("gsi2pk" in item, "gsi2sk" in item) == (indexed, indexed)
    assert item["gsi1pk"] == "TARGET#usr_2"


def test_entries_of_an_hour_are_spread_over_all_shards() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    entries = [make_entry(start + timedelta(seconds=number)) for number in range(300)]
    assert len({entry.key().pk for entry in entries}) == SHARDS
