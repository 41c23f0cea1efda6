"""GET /admin/groups/{groupId}/members (G1)."""

from __future__ import annotations

from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.paging import ListRequest
from rollcall.members.group_members import GroupMemberPage, read_group_members
from rollcall.operations import operation
from rollcall.users.user import User


class ListGroupMembers(ListRequest):
    """The group, and the page of its members."""

    group_id: Id


@operation(
    "GET /admin/groups/{group_id}/members",
    permission=Permission.GROUP_VIEW,
    reads=[Group, User],
)
def list_group_members(request: ListGroupMembers, call: Call) -> GroupMemberPage:
    """List the members of a group with their roles, including future and expired memberships."""
    return read_group_members(call, call.table.load(Group, request.group_id), request)
