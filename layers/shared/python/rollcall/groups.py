"""Groups: named sets of users, which may grant permissions (G1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.kit.entity import Claim, ClaimKind, Entity
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.permissions import Permission

GROUP_NAME = ClaimKind("group-name", "name", "Group name already exists")
SORTED_BYTES = 512
"""How much of a name the list is sorted by; a sort key has at most 1,024 bytes."""
ALL_GROUPS = "GROUPS"
"""GSI1 partition that lists the groups by name."""


class Group(Entity):
    """One group. Its members are rows of the users; what it grants is in the access policy."""

    kind: ClassVar[str] = "group"
    partition: ClassVar[str] = "GROUP#"
    index_partitions: ClassVar[tuple[str, ...]] = (ALL_GROUPS,)
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = (GROUP_NAME,)

    name: str
    description: str | None = None

    def claims(self) -> frozenset[Claim]:
        """The name, whatever its case."""
        return frozenset({Claim(GROUP_NAME, self.name.casefold())})

    def index(self) -> Mapping[str, str]:
        """Found in the list of all groups, by name."""
        begins = self.name.casefold().encode()[:SORTED_BYTES].decode(errors="ignore")
        return {"gsi1pk": ALL_GROUPS, "gsi1sk": f"{begins}#{self.id}"}


class GroupAnswer(VersionedAnswer):
    """A group as an answer shows it."""

    id: str
    name: str
    description: str | None = None
    permissions: Annotated[
        tuple[Permission, ...], Field(description="What every member may do through this group.")
    ]
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, group: Group, permissions: tuple[Permission, ...]) -> Self:
        """The answer about this group."""
        fields = {name: getattr(group, name) for name in Group.model_fields}
        return cls.model_validate({**fields, "permissions": permissions})
