"""Groups: named sets of users, which can grant permissions (G1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

from rollcall.grants.holders import GROUP
from rollcall.kit.entity import COUNTERS, Claim, ClaimKind
from rollcall.kit.listed_entity import GrantingEntity
from rollcall.kit.table import Table
from rollcall.kit.text import name_key

GROUP_NAME = ClaimKind("group-name", "name", "Group name already exists")


class Group(GrantingEntity):
    """One group. Its memberships are rows of the users. The access policy has the permissions that
    it grants. A deleted group stays as a tombstone until the last membership is removed.
    """

    kind: ClassVar[str] = GROUP.kind
    partition: ClassVar[str] = GROUP.partition
    listed_in: ClassVar[str] = "GROUPS"
    index_partitions: ClassVar[tuple[str, ...]] = (listed_in,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (GROUP_NAME,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {COUNTERS + listed_in: ("count",)}
    unversioned_fields: ClassVar[tuple[str, ...]] = (
        "member_count",
        "hidden_member_count",
        "active_workspace_count",
    )
    keeps_tombstone: ClassVar[bool] = True

    member_count: int = 0
    hidden_member_count: int | None = None
    """How many of the members are soft-deleted."""
    active_workspace_count: int = 0
    members_left: int | None = None
    """Of a deleted group: how many memberships are not yet removed."""

    @property
    def listed_count(self) -> int:
        """The number of members that lists show."""
        return self.member_count - (self.hidden_member_count or 0)

    def claims(self) -> frozenset[Claim]:
        """The name, in any case and with spaces of any width."""
        return frozenset() if self.erased else frozenset({Claim(GROUP_NAME, name_key(self.name))})

    def as_erased(self) -> Self:
        """A tombstone, whose memberships are still to be removed."""
        return self.model_copy(update={"erased": True, "members_left": self.member_count})


def load_groups(table: Table, ids: Iterable[str]) -> dict[str, Group]:
    """The groups that exist, by id: one BatchGetItem per hundred."""
    items = table.get_items([Group.key_of(each) for each in dict.fromkeys(ids)])
    groups = (Group.model_validate(item) for item in items.values())
    return {group.id: group for group in groups if group.exists}
