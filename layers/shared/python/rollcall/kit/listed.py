"""Things that have a name and are listed by it: groups, organizations, roles, segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from rollcall.kit.entity import Counter, Entity

SORTED_BYTES = 512
"""How much of a name the list is sorted by; a sort key has at most 1,024 bytes."""


class Listed(Entity):
    """An entity that GSI1 lists by name, with an exact count of all of its kind."""

    listed_in: ClassVar[str]
    """The GSI1 partition of the list."""

    name: str
    description: str | None = None

    @classmethod
    def total(cls) -> Counter:
        """How many there are."""
        return Counter.named(cls.listed_in)

    def index(self) -> Mapping[str, str]:
        """Found in the list, by name."""
        if self.erased:
            return {}
        begins = self.name.casefold().encode()[:SORTED_BYTES].decode(errors="ignore")
        return {"gsi1pk": self.listed_in, "gsi1sk": f"{begins}#{self.id}"}

    def counts(self) -> Mapping[Counter, int]:
        """One of all."""
        return {} if self.erased else {self.total(): 1}

    def as_erased(self) -> Self:
        """Deleted."""
        return self.model_copy(update={"erased": True})


class Granting(Listed):
    """A listed entity that grants permissions; which ones stands in the access policy."""

    policy_version: int | None = None
    """The version of the policy that last changed what it grants: that makes a new version of the
    entity too, which ``If-Match`` is held against."""
