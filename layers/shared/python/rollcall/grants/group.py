"""Groups: named sets of users, which may grant permissions (G1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

from rollcall.grants.holders import GROUP
from rollcall.kit.entity import COUNTERS, Claim, ClaimKind
from rollcall.kit.listed import Granting
from rollcall.kit.table import Table

GROUP_NAME = ClaimKind("group-name", "name", "Group name already exists")


class Group(Granting):
    """One group. Its members are rows of the users; what it grants is in the access policy. A
    deleted one stays as a tombstone until the last membership has ended.
    """

    kind: ClassVar[str] = GROUP.kind
    partition: ClassVar[str] = GROUP.partition
    listed_in: ClassVar[str] = "GROUPS"
    index_partitions: ClassVar[tuple[str, ...]] = (listed_in,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (GROUP_NAME,)
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {COUNTERS + listed_in: ("count",)}
    unversioned_fields: ClassVar[tuple[str, ...]] = ("member_count", "active_workspace_count")
    tombstone_waits: ClassVar[bool] = True

    member_count: int = 0
    active_workspace_count: int = 0
    members_left: int | None = None
    """Of a deleted group: how many memberships the work of ending them has still before it."""

    def claims(self) -> frozenset[Claim]:
        """The name, whatever its case."""
        return frozenset() if self.erased else frozenset({Claim(GROUP_NAME, self.name.casefold())})

    def as_erased(self) -> Self:
        """Deleted; its memberships have still to be ended."""
        return self.model_copy(update={"erased": True, "members_left": self.member_count})


def load_groups(table: Table, ids: Iterable[str]) -> dict[str, Group]:
    """Those of the groups that exist, by id: one BatchGetItem for a hundred."""
    items = table.get_items([Group.key_of(each) for each in dict.fromkeys(ids)])
    groups = (Group.model_validate(item) for item in items.values())
    return {group.id: group for group in groups if group.exists}
