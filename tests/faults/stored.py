"""The raw items of a table by kind, for the invariants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

type Item = dict[str, Any]

NEWER = "newerAttribute"
"""The attribute that scenarios add to items, as a newer version of the code would. The code under
test does not know it, so the journal does not have it."""
SYSTEM_ROW = "#ROLE#rol_system"
"""The row of every platform admin besides the assigned roles."""


class GrantKind(NamedTuple):
    """How one kind of grant is stored."""

    prefix: str
    """The prefix of its sort keys."""
    facts_name: str
    """Its name in the journal."""
    subject: str
    """The attribute that names the group, organization, role or permission."""


GRANT_KINDS = (
    GrantKind("#GROUP#", "groups", "groupId"),
    GrantKind("#ORG#", "organizations", "organizationId"),
    GrantKind("#ROLE#", "roles", "roleId"),
    GrantKind("#PERMISSION#", "permissions", "permission"),
)


@dataclass(frozen=True)
class Stored:
    """All items of the table."""

    items: list[Item]

    @cached_property
    def journal(self) -> list[Item]:
        """The entries of the journal."""
        return [item for item in self.items if item["pk"].startswith("JOURNAL#")]

    @cached_property
    def entities(self) -> dict[str, Item]:
        """All items with a version, by id."""
        return {item["id"]: item for item in self.items if "version" in item}

    @cached_property
    def partitions(self) -> dict[str, list[Item]]:
        """All items by their partition key."""
        found: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            found[item["pk"]].append(item)
        return found

    @cached_property
    def users(self) -> list[Item]:
        """Users, including tombstones."""
        return [item for item in self.items if item["sk"] == "#USER"]

    @cached_property
    def erased_users(self) -> dict[str, Item]:
        """The tombstones of users, by id."""
        return {user["id"]: user for user in self.users if user["erased"]}

    def of_kind(self, partition: str) -> list[Item]:
        """Entities of one kind, without tombstones."""
        found = (each for each in self.entities.values() if each["pk"].startswith(partition))
        return [each for each in found if not each["erased"]]

    @property
    def tombstones(self) -> Iterator[Item]:
        """The tombstones of all kinds."""
        return (each for each in self.entities.values() if each.get("erased"))

    def is_admin(self, user: Item) -> bool:
        """Whether a user has the role System."""
        return any(item["sk"] == SYSTEM_ROW for item in self.partitions[user["pk"]])

    def grants(self, pk: str | None = None) -> Iterator[tuple[GrantKind, Item]]:
        """The rows of grants, of one user or of all."""
        items: Iterable[Item] = self.items if pk is None else self.partitions[pk]
        for item in items:
            for kind in GRANT_KINDS:
                if item["sk"].startswith(kind.prefix):
                    yield kind, item
