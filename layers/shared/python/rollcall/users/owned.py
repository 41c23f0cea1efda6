"""How much a user owns: a row beside the user, with a number for each type of thing.

It changes in the transactions of the things themselves; whoever decides something by its numbers
holds the decision against its revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from rollcall.grants.grant import USER_PARTITION
from rollcall.kit.entity import Counter, Item, Key
from rollcall.kit.model import Model, Time
from rollcall.kit.requirement import REVISION, Required

OWNED_SORT_KEY = "#OWNED"
_TYPE, _ACTIVE = "type#", "active#"
OWNED_ATTRIBUTES = (_TYPE, _ACTIVE, REVISION, "lastWorkspace")
"""What the names of all attributes of the row begin with."""


class Owned(Model):
    """What one user owns."""

    revision: int = 0
    by_type: Mapping[str, int] = {}
    """How many things of each type."""
    active_in_group: Mapping[str, int] = {}
    """How many workspaces in use in each group."""
    last_workspace_id: str | None = None
    last_workspace_accessed_at: Time | None = None

    @classmethod
    def of_item(cls, item: Item) -> Self:
        """From the row as it is stored."""
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
        """How many things in all."""
        return sum(self.by_type.values())

    def unchanged(self, user_id: str) -> Required:
        """That the user still owns what was read."""
        return Required.at_revision(owned_key(user_id), self.revision)


def owned_key(user_id: str) -> Key:
    """Where the numbers of one user stand."""
    return Key(f"{USER_PARTITION}{user_id}", OWNED_SORT_KEY)


def things_of(user_id: str, thing_type: str) -> Counter:
    """How many things of a type a user owns."""
    return Counter(owned_key(user_id), f"{_TYPE}{thing_type}", stamped=True)


def active_workspaces_of(user_id: str, group_id: str) -> Counter:
    """How many workspaces in use a user has in a group."""
    return Counter(owned_key(user_id), f"{_ACTIVE}{group_id}", stamped=True)


def _numbers(item: Item, prefix: str) -> Mapping[str, int]:
    found = {name.removeprefix(prefix): item[name] for name in item if name.startswith(prefix)}
    return {name: number for name, number in found.items() if number}
