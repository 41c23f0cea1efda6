"""GET /admin/groups/{groupId} (G1)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy, find_policy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.paging import ListRequest
from rollcall.members.group_members import GroupDetail, read_group_members
from rollcall.operations import operation
from rollcall.users.user import User


class GetGroup(ListRequest):
    """The group to show, and the page of its members."""

    group_id: Id


@operation(
    "GET /admin/groups/{group_id}",
    permission=Permission.GROUP_VIEW,
    reads=[Group, User, AccessPolicy],
)
def get_group(request: GetGroup, call: Call) -> GroupDetail:
    """Show a group: its permissions, and a page of its members.

    The ETag is the version to send as If-Match when changing the group.
    """
    group = call.table.load(Group, request.group_id)
    _, policy = find_policy(call.table, call.now)
    members = read_group_members(call, group, request)
    return GroupDetail.describe(group, policy.of_group(group.id), members)
