"""What must hold of items that a transaction does not change."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.grants.group import Group
from rollcall.kit.actor import Actor
from rollcall.kit.entity import Key
from rollcall.kit.errors import NotFound
from rollcall.kit.requirement import Required

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
GROUP = Group(id="grp_1", version=3, created_at=NOW, updated_at=NOW, name="Readers")


def test_presence_is_refused_as_not_found_and_change_as_contended() -> None:
    present, unchanged = Required.present(Group, "grp_1"), Required.unchanged(GROUP)
    assert present.key == unchanged.key == Group.key_of("grp_1")
    assert isinstance(present.refusal, NotFound)
    assert (unchanged.refusal, unchanged.values) == (None, {":version": 3})


def test_numbers_that_were_never_written_are_required_not_to_be_there() -> None:
    key = Key("USER#usr_1", "#OWNED")
    assert Required.at_revision(key, 0).condition == "attribute_not_exists(pk)"
    assert Required.at_revision(key, 2).values == {":revision": 2}


def test_item_that_was_not_there_is_required_not_to_be_there_still() -> None:
    key = Key("USER#usr_1", "#SIGN_IN")
    assert Required.at_version(key, 0).condition == "attribute_not_exists(pk)"
    assert Required.at_version(key, 2).values == {":version": 2}


def test_what_authorization_has_read_is_held_in_the_same_condition() -> None:
    actor = Actor(kind="user", id="usr_1", witnesses={GROUP.key(): 3})
    held = Required.present(Group, "grp_1").with_witness(actor)
    assert held.condition == "erased = :no AND version = :witnessed"
    assert held.values == {":no": False, ":witnessed": 3}

    other = Required.present(Group, "grp_2")
    assert other.with_witness(actor) is other
