"""Conditions on items when a transaction commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rollcall.kit.actor import Actor
from rollcall.kit.entity import Entity, Key
from rollcall.kit.errors import NotFound, Problem
from rollcall.kit.model import camel_case

REVISION = "revision"
"""The attribute that each change of an item's stamped counters increments."""


class ConditionCheck(NamedTuple):
    """A condition on an item when the transaction commits."""

    key: Key
    condition: str
    values: Mapping[str, Any]
    refusal: Problem | None = None
    """The error if the condition fails; None: Contended, which retries the call."""

    @classmethod
    def exists(cls, entity: type[Entity], entity_id: str) -> ConditionCheck:
        """The entity exists; otherwise NotFound ("Group not found")."""
        condition, values = "erased = :no", {":no": False}
        return cls(entity.key_of(entity_id), condition, values, NotFound.of(entity.kind))

    @classmethod
    def unchanged(cls, entity: Entity) -> ConditionCheck:
        """The entity is at the version that was read."""
        return cls(entity.key(), "version = :version", {":version": entity.version})

    @classmethod
    def at_version(cls, key: Key, version: int) -> ConditionCheck:
        """The item is at the version that was read; 0: it does not exist."""
        return cls(key, *_equals("version", version, ":version"))

    @classmethod
    def at_revision(cls, key: Key, revision: int) -> ConditionCheck:
        """The item's stamped counters are those that were read; 0: it does not exist."""
        return cls(key, *_equals(REVISION, revision, ":revision"))

    def with_witness(self, actor: Actor) -> ConditionCheck:
        """This check, combined with the actor's witness of the same item: DynamoDB allows one
        action per item.
        """
        version = actor.witnesses.get(self.key)
        if version is None:
            return self
        condition, values = as_witnessed(version)
        both = f"{self.condition} AND {condition}"
        return ConditionCheck(self.key, both, {**self.values, **values})


def as_witnessed(version: int) -> tuple[str, dict[str, Any]]:
    """The condition that an item is at the version of a witness; 0: it does not exist."""
    return _equals("version", version, ":witnessed")


def as_read(entity: Entity) -> tuple[str, dict[str, Any]]:
    """The condition that an entity is stored as it was read. It includes bookkeeping fields, which
    change without a new version and would be overwritten.
    """
    stored = entity.item()
    conditions, values = ["version = :version"], {":version": entity.version}
    fields = [name for name in entity.unversioned_fields if name not in entity.row_fields]
    for number, field_name in enumerate(fields):
        name = camel_case(field_name)
        absent, same = f"attribute_not_exists({name})", f"{name} = :u{number}"
        if name not in stored:
            conditions.append(absent)
            continue
        values[f":u{number}"] = stored[name]
        # An item from before the field was introduced does not have its default.
        conditions.append(
            same if field_name in entity.model_fields_set else f"({absent} OR {same})"
        )
    return " AND ".join(conditions), values


def _equals(attribute: str, number: int, variable: str) -> tuple[str, dict[str, Any]]:
    if not number:
        return "attribute_not_exists(pk)", {}
    return f"{attribute} = {variable}", {variable: number}
