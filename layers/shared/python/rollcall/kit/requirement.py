"""What must hold of items when a transaction commits, though it does not change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rollcall.kit.actor import Actor
from rollcall.kit.entity import Entity, Key
from rollcall.kit.errors import NotFound, Problem

REVISION = "revision"
"""The attribute that goes up with each change of an item's stamped counters."""


class Required(NamedTuple):
    """What must hold of an item when the transaction commits, though it does not change."""

    key: Key
    condition: str
    values: Mapping[str, Any]
    refusal: Problem | None = None
    """What the caller is told when it does not; None: that another writer came first."""

    @classmethod
    def present(cls, entity: type[Entity], entity_id: str) -> Required:
        """The entity exists ("Group not found")."""
        condition, values = "erased = :no", {":no": False}
        return cls(entity.key_of(entity_id), condition, values, NotFound.of(entity.kind))

    @classmethod
    def unchanged(cls, entity: Entity) -> Required:
        """The entity is still at the version that was read."""
        return cls(entity.key(), "version = :version", {":version": entity.version})

    @classmethod
    def at_version(cls, key: Key, version: int) -> Required:
        """An item is still at the version that was read, or still not there; 0: not there."""
        if not version:
            return cls(key, "attribute_not_exists(pk)", {})
        return cls(key, "version = :version", {":version": version})

    @classmethod
    def at_revision(cls, key: Key, revision: int) -> Required:
        """The numbers of stamped counters on an item are still those that were read."""
        if not revision:
            return cls(key, "attribute_not_exists(pk)", {})
        return cls(key, f"{REVISION} = :revision", {":revision": revision})

    def with_witness(self, actor: Actor) -> Required:
        """The same, and what the actor's authorization requires of the item too: DynamoDB takes one
        action an item.
        """
        version = actor.witnesses.get(self.key)
        if version is None:
            return self
        condition, values = as_witnessed(version)
        both = f"{self.condition} AND {condition}"
        return Required(self.key, both, {**self.values, **values})


def as_witnessed(version: int) -> tuple[str, dict[str, Any]]:
    """The condition that an item is at the version which authorization has read; 0: not there."""
    if not version:
        return "attribute_not_exists(pk)", {}
    return "version = :witnessed", {":witnessed": version}
