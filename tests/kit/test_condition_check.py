"""Conditions on items that a transaction does not change."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.grants.group import Group
from rollcall.kit.actor import Actor
from rollcall.kit.condition_check import ConditionCheck, as_read
from rollcall.kit.entity import Key
from rollcall.kit.errors import NotFound

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
GROUP = Group(id="grp_1", version=3, created_at=NOW, updated_at=NOW, name="Readers")


def test_missing_entity_is_not_found_and_changed_entity_is_contended() -> None:
    present, unchanged = ConditionCheck.exists(Group, "grp_1"), ConditionCheck.unchanged(GROUP)
    assert present.key == unchanged.key == Group.key_of("grp_1")
    assert isinstance(present.refusal, NotFound)
    assert (unchanged.refusal, unchanged.values) == (None, {":version": 3})


def test_revision_zero_requires_that_the_item_does_not_exist() -> None:
    key = Key("USER#usr_1", "#OWNED")
    assert ConditionCheck.at_revision(key, 0).condition == "attribute_not_exists(pk)"
    assert ConditionCheck.at_revision(key, 2).values == {":revision": 2}


def test_version_zero_requires_that_the_item_does_not_exist() -> None:
    key = Key("USER#usr_1", "#SIGN_IN")
    assert ConditionCheck.at_version(key, 0).condition == "attribute_not_exists(pk)"
    assert ConditionCheck.at_version(key, 2).values == {":version": 2}


def test_witness_of_the_same_item_is_in_the_same_condition() -> None:
    actor = Actor(kind="user", id="usr_1", witnesses={GROUP.key(): 3})
    held = ConditionCheck.exists(Group, "grp_1").with_witness(actor)
    assert held.condition == "erased = :no AND version = :witnessed"
    assert held.values == {":no": False, ":witnessed": 3}

    other = ConditionCheck.exists(Group, "grp_2")
    assert other.with_witness(actor) is other


def test_bookkeeping_has_the_value_that_was_read_or_is_absent() -> None:
    counted = GROUP.model_copy(update={"member_count": 2})
    condition, values = as_read(counted)
    assert "version = :version AND memberCount = :u" in condition
    assert {3, 2} <= {*values.values()}
    # It was not read: the item is from before the field was introduced, or was just created.
    condition, _ = as_read(GROUP)
    assert "(attribute_not_exists(memberCount) OR memberCount = :u" in condition
