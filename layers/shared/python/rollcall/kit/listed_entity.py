"""Entities that are listed by name: groups, organizations, roles, segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from rollcall.kit.entity import Counter, Entity

SORTED_BYTES = 512
"""The part of a name that is in the sort key, which can have at most 1,024 bytes."""


class ListedEntity(Entity):
    """An entity that GSI1 lists by name, with an exact total of its kind."""

    listed_in: ClassVar[str]
    """The GSI1 partition of the list."""

    name: str
    description: str | None = None

    @classmethod
    def total(cls) -> Counter:
        """The counter of all entities of this kind."""
        return Counter.named(cls.listed_in)

    def index(self) -> Mapping[str, str]:
        """The entry in the list, sorted by name."""
        if self.erased:
            return {}
        begins = self.name.casefold().encode()[:SORTED_BYTES].decode(errors="ignore")
        return {"gsi1pk": self.listed_in, "gsi1sk": f"{begins}#{self.id}"}

    def counts(self) -> Mapping[Counter, int]:
        """One in the total."""
        return {} if self.erased else {self.total(): 1}

    def as_erased(self) -> Self:
        """The entity as a tombstone."""
        return self.model_copy(update={"erased": True})


class GrantingEntity(ListedEntity):
    """A listed entity that grants permissions. The access policy holds the permissions."""

    policy_version: int | None = None
    """The version of the access policy that last changed its permissions. Such a change creates a
    new version of the entity too, so that ``If-Match`` covers it."""
