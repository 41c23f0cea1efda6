"""The answers of operations about groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field

from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.model import Time, VersionedAnswer


class GroupAnswer(VersionedAnswer):
    """A group as answers show it."""

    id: str
    name: str
    description: str | None = None
    permissions: Annotated[
        tuple[Permission, ...],
        Field(description="The permissions that every member gets."),
    ]
    member_count: Annotated[int, Field(description="Without soft-deleted users.")]
    active_workspace_count: int
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, group: Group, permissions: tuple[Permission, ...]) -> Self:
        """The answer for a group."""
        return cls.model_validate(cls.shown(group, permissions))

    @staticmethod
    def shown(group: Group, permissions: tuple[Permission, ...]) -> dict[str, object]:
        """The group's fields, by their names in answers."""
        fields = {name: getattr(group, name) for name in Group.model_fields}
        return {**fields, "member_count": group.listed_count, "permissions": permissions}

    def unversioned(self) -> Mapping[str, object]:
        """The numbers of members and workspaces."""
        return {"members": self.member_count, "workspaces": self.active_workspace_count}
