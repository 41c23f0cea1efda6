"""GET /admin/groups/{groupId}/members (G1)."""

from __future__ import annotations

from rollcall.fields import Id
from rollcall.group_members import GroupMemberPage, read_group_members
from rollcall.groups import Group
from rollcall.kit.call import Call
from rollcall.kit.paging import ListRequest
from rollcall.operations import operation
from rollcall.permissions import Permission
from rollcall.users import User


class ListGroupMembers(ListRequest):
    """Which page of the members of which group."""

    group_id: Id


@operation(
    "GET /admin/groups/{group_id}/members",
    permission=Permission.GROUP_VIEW,
    reads=[Group, User],
)
def list_group_members(request: ListGroupMembers, call: Call) -> GroupMemberPage:
    """List who is in a group, and as what; also who is so at another time only."""
    return read_group_members(call, call.table.load(Group, request.group_id), request)
