"""What operations about groups answer."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.model import Time, VersionedAnswer


class GroupAnswer(VersionedAnswer):
    """A group as an answer shows it."""

    id: str
    name: str
    description: str | None = None
    permissions: Annotated[
        tuple[Permission, ...], Field(description="What every member may do through this group.")
    ]
    member_count: int
    active_workspace_count: int
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, group: Group, permissions: tuple[Permission, ...]) -> Self:
        """The answer about this group."""
        return cls.model_validate(cls.shown(group, permissions))

    @staticmethod
    def shown(group: Group, permissions: tuple[Permission, ...]) -> dict[str, object]:
        """The group's fields under their names in answers."""
        fields = {name: getattr(group, name) for name in Group.model_fields}
        return {**fields, "permissions": permissions}
