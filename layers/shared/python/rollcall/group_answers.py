"""What operations about groups answer."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from rollcall.grants import GroupRole
from rollcall.groups import Group
from rollcall.kit.call import Call
from rollcall.kit.model import Time, VersionedAnswer
from rollcall.kit.paging import ListRequest, Page
from rollcall.members import MemberAnswer, read_members
from rollcall.permissions import Permission


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


class GroupMember(MemberAnswer):
    """A user in a group, as what, and when."""

    role: GroupRole


class GroupMemberPage(Page[GroupMember]):
    """A page of the members."""


class GroupDetail(GroupAnswer):
    """A group with a page of its members."""

    members: GroupMemberPage

    @classmethod
    def describe(
        cls, group: Group, permissions: tuple[Permission, ...], members: GroupMemberPage
    ) -> Self:
        """The detail of this group."""
        return cls.model_validate({**cls.shown(group, permissions), "members": members})


def read_group_members(call: Call, group: Group, request: ListRequest) -> GroupMemberPage:
    """A page of a group's members, also of those who are in it at another time only."""
    members, pagination = read_members(call, group.id, request, group.member_count)
    items = tuple(GroupMember.of(each) for each in members)
    return GroupMemberPage(items=items, pagination=pagination)
