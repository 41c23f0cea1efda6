"""What entities declare for the write path."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollcall.groups import Group
from rollcall.kit.entity import Claim, ClaimKind, Counter, Key

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
NAME = ClaimKind("group-name", "name", "Group name already exists")


def make_group() -> Group:
    return Group(id="grp_1", created_at=NOW, updated_at=NOW, name="Editors")


def test_entity_is_stored_under_its_key_and_comes_back() -> None:
    group = make_group()
    item = group.item()
    assert (item["pk"], item["sk"]) == ("GROUP#grp_1", "GROUP#grp_1")
    assert group.key() == Key("GROUP#grp_1", "GROUP#grp_1")
    assert Group.assemble([item]) == group
    assert Group.assemble([{**item, "sk": "#OTHER"}]) is None


def test_item_from_a_later_version_of_the_code_can_still_be_read() -> None:
    assert Group.assemble([{**make_group().item(), "colour": "red"}]) == make_group()


def test_next_version_counts_on_and_is_dated() -> None:
    group, later = make_group(), NOW + timedelta(hours=1)
    first = group.succeed(None, later)
    second = first.succeed(first, later)
    assert (first.version, second.version, second.updated_at) == (1, 2, later)
    assert second.created_at == NOW


def test_facts_are_what_people_care_about() -> None:
    assert make_group().facts() == {"id": "grp_1", "name": "Editors"}


def test_claim_has_a_key_and_a_refusal() -> None:
    claim = Claim(NAME, "editors")
    assert claim.key == Key("CLAIM#group-name#editors", "CLAIM")
    assert (claim.refusal.code, claim.refusal.detail) == (
        "group_name_taken",
        "Group name already exists",
    )
    assert [error.field for error in claim.refusal.errors] == ["name"]


def test_counter_has_a_key() -> None:
    counter = Counter.named("admins")
    assert counter.key == Key("COUNTER#admins", "COUNTER")
