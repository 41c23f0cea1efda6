"""The declarations of entities for the write path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from rollcall.grants.group import Group
from rollcall.kit.entity import (
    EXPIRY_ATTRIBUTE,
    SCHEMA_ATTRIBUTE,
    TOMBSTONE_RETENTION,
    Claim,
    ClaimKind,
    Counter,
    Entity,
    Floor,
    Key,
    Row,
    Taken,
    tombstone_expiry,
)
from rollcall.kit.errors import NewerData

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


def test_facts_omit_version_times_and_bookkeeping() -> None:
    assert make_group().facts() == {"id": "grp_1", "name": "Editors"}


def test_claim_has_a_key_and_an_error() -> None:
    claim = Claim(NAME, "editors")
    assert claim.key == Key("CLAIM#group-name#editors", "CLAIM")
    for refusal in (Taken(claim, Group), Taken(claim, Group, make_group())):
        assert (refusal.code, refusal.detail) == (
            "group_name_taken",
            "Group name already exists",
        )
        assert [error.field for error in refusal.errors] == ["name"]
        assert refusal.extensions == {}


def test_counter_has_a_key() -> None:
    counter = Counter.named("admins")
    assert counter.key == Key("COUNTER#admins", "COUNTER")


class Leaf(Entity):
    """An entity whose tombstone expires."""

    kind: ClassVar[str] = "leaf"
    partition: ClassVar[str] = "LEAF#"
    unversioned_fields: ClassVar[tuple[str, ...]] = ("seen",)

    name: str | None = None
    tags: tuple[str, ...] = ()
    seen: int = 0


class Branch(Leaf):
    """An entity with dependents."""

    keeps_tombstone: ClassVar[bool] = True


def test_tombstone_expires_unless_it_has_dependents() -> None:
    fields: dict[str, Any] = {"id": "1", "created_at": NOW, "updated_at": NOW, "erased": True}
    assert Leaf(**fields).item()[EXPIRY_ATTRIBUTE] == tombstone_expiry(NOW)
    assert tombstone_expiry(NOW) == int((NOW + TOMBSTONE_RETENTION).timestamp())
    assert EXPIRY_ATTRIBUTE not in Branch(**fields).item()
    assert EXPIRY_ATTRIBUTE not in Leaf(**{**fields, "erased": False}).item()
    assert not Leaf(**fields).exists


def test_deletion_is_a_fact_and_bookkeeping_is_not() -> None:
    leaf = Leaf(id="1", created_at=NOW, updated_at=NOW, name="Oak", seen=7)
    assert leaf.facts() == {"id": "1", "name": "Oak", "tags": []}
    erased = Leaf(id="1", created_at=NOW, updated_at=NOW, erased=True)
    assert erased.facts() == {"id": "1", "tags": [], "erased": True}


def test_facts_of_another_version_make_that_version() -> None:
    leaf = Leaf(id="1", version=9, created_at=NOW, updated_at=NOW, erased=True)
    then = leaf.with_facts({"id": "1", "name": "Oak", "tags": ["old"]}, version=4)
    assert then == Leaf(
        id="1", version=4, created_at=NOW, updated_at=NOW, name="Oak", tags=("old",)
    )


class Note(Row):
    """A row that is stored with a leaf."""

    partition: ClassVar[str] = "LEAF#"

    leaf_id: str
    text: str | None = None

    def key(self) -> Key:
        """The key in the leaf's partition."""
        return Key(f"{self.partition}{self.leaf_id}", "NOTE")

    def index(self) -> Mapping[str, str]:
        """The entry in the list of all rows."""
        return {"gsi1pk": "NOTES", "gsi1sk": self.leaf_id}


class LaterLeaf(Leaf):
    """A leaf as a later version of the code declares it."""

    current_schema: ClassVar[int] = 2

    height: int
    """Older versions do not store it."""


def test_schema_is_stored_above_one_and_is_no_fact() -> None:
    fields: dict[str, Any] = {"id": "1", "created_at": NOW, "updated_at": NOW}
    leaf, later = Leaf(**fields), LaterLeaf(**fields, height=3)
    assert SCHEMA_ATTRIBUTE not in leaf.item()
    assert later.item()[SCHEMA_ATTRIBUTE] == 2
    assert SCHEMA_ATTRIBUTE not in later.facts()
    assert LaterLeaf.model_validate(later.item()).schema_version == 2


def test_older_version_reads_a_newer_schema_and_does_not_write_it() -> None:
    item = LaterLeaf(id="1", created_at=NOW, updated_at=NOW, height=3).item()
    LaterLeaf.model_validate(item).require_known_schema()
    read = Leaf.model_validate(item)
    with pytest.raises(NewerData):
        read.require_known_schema()


def test_item_that_cannot_be_read_is_explained_by_its_schema() -> None:
    item = LaterLeaf(id="1", created_at=NOW, updated_at=NOW, height=3).item() | {"name": 7}
    with pytest.raises(NewerData):
        Leaf.model_validate(item)
    with pytest.raises(ValidationError):
        LaterLeaf.model_validate(item)
    with pytest.raises(ValidationError):
        Leaf.model_validate(item | {SCHEMA_ATTRIBUTE: 1})


def test_row_is_stored_with_its_keys_and_without_empty_fields() -> None:
    note = Note(leaf_id="1")
    assert note.item() == {
        "leafId": "1",
        "pk": "LEAF#1",
        "sk": "NOTE",
        "gsi1pk": "NOTES",
        "gsi1sk": "1",
    }
    assert Note.model_validate({**note.item(), "colour": "red"}) == note
    assert (Note.index_partitions, Leaf.index_partitions) == ((), ())


def test_counter_with_its_own_item_needs_no_entity() -> None:
    counter = Counter.named("admins", Floor(1, "last_admin", "One has to stay."))
    assert (counter.attribute, counter.holder, counter.stamped) == ("count", None, False)
    assert counter.floor is not None
