"""How much a user owns: a row in the user's partition, with a number for each type of resource.

The transactions that change resources change this row too. A decision that depends on its numbers
is checked against its revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from rollcall.grants.grant import USER_PARTITION
from rollcall.kit.condition_check import REVISION, ConditionCheck
from rollcall.kit.entity import Counter, Item, Key
from rollcall.kit.model import Model, Time

OWNED_SORT_KEY = "#OWNED"
_TYPE, _ACTIVE = "type#", "active#"
OWNED_ATTRIBUTES = (_TYPE, _ACTIVE, REVISION, "lastWorkspace")
"""The prefixes of all attribute names of the row."""


class Owned(Model):
    """What one user owns."""

    revision: int = 0
    by_type: Mapping[str, int] = {}
    """How many resources of each type."""
    active_in_group: Mapping[str, int] = {}
    """How many active workspaces in each group."""
    last_workspace_id: str | None = None
    last_workspace_accessed_at: Time | None = None

    @classmethod
    def of_item(cls, item: Item) -> Self:
        """The numbers from the stored row."""
        return cls.model_validate(
            {
                **{name: item[name] for name in ("revision",) if name in item},
                "by_type": _numbers(item, _TYPE),
                "active_in_group": _numbers(item, _ACTIVE),
                "last_workspace_id": item.get("lastWorkspaceId"),
                "last_workspace_accessed_at": item.get("lastWorkspaceAccessedAt"),
            }
        )

    @property
    def total(self) -> int:
        """How many resources in total."""
        return sum(self.by_type.values())

    def unchanged(self, user_id: str) -> ConditionCheck:
        """The condition that these numbers have not changed since they were read."""
        return ConditionCheck.at_revision(owned_key(user_id), self.revision)


def owned_key(user_id: str) -> Key:
    """The primary key of a user's numbers."""
    return Key(f"{USER_PARTITION}{user_id}", OWNED_SORT_KEY)


def resources_of(user_id: str, resource_type: str) -> Counter:
    """How many resources of a type a user owns."""
    return Counter(owned_key(user_id), f"{_TYPE}{resource_type}", stamped=True)


def active_workspaces_of(user_id: str, group_id: str) -> Counter:
    """How many active workspaces a user has in a group."""
    return Counter(owned_key(user_id), f"{_ACTIVE}{group_id}", stamped=True)


def _numbers(item: Item, prefix: str) -> Mapping[str, int]:
    found = {name.removeprefix(prefix): item[name] for name in item if name.startswith(prefix)}
    return {name: number for name, number in found.items() if number}
