"""Pages of the members of a group. They are separate from the group's answer, so that creating and
changing groups does not load what only lists need.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from rollcall.grants.grant import GroupRole
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.paging import ListRequest, Page
from rollcall.members.group_answers import GroupAnswer
from rollcall.members.member import MemberAnswer, read_members


class GroupMember(MemberAnswer):
    """A user in a group, with the role there and the period."""

    role: GroupRole


class GroupMemberPage(Page[GroupMember]):
    """A page of members."""


class GroupDetail(GroupAnswer):
    """A group with a page of its members."""

    members: GroupMemberPage

    @classmethod
    def describe(
        cls, group: Group, permissions: tuple[Permission, ...], members: GroupMemberPage
    ) -> Self:
        """The detail of a group."""
        return cls.model_validate({**cls.shown(group, permissions), "members": members})

    def unversioned(self) -> Mapping[str, object]:
        """The numbers, and the page of members."""
        page = self.members.model_dump_json() if self.members.items else None
        return {**super().unversioned(), "page": page}


def read_group_members(call: Call, group: Group, request: ListRequest) -> GroupMemberPage:
    """A page of a group's members, including memberships that are not in force at this time."""
    members, pagination = read_members(call, group.id, request, group.listed_count)
    items = tuple(GroupMember.of(each) for each in members)
    return GroupMemberPage(items=items, pagination=pagination)
