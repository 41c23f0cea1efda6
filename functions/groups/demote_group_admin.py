"""POST /admin/users/{userId}/groups/{groupId}/demote (G2, G3)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy
from rollcall.grants.grant import GroupRole, Membership
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.members.group_memberships import set_group_role
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User


class DemoteGroupAdmin(WriteRequest):
    """The user, and the group."""

    user_id: Id
    group_id: Id


@operation(
    "POST /admin/users/{user_id}/groups/{group_id}/demote",
    permission=Permission.GROUP_ASSIGN,
    reads=[AccessPolicy, Group],
    writes=[User, Membership],
)
def demote_group_admin(request: DemoteGroupAdmin, call: Call) -> UserAnswer:
    """Make a group admin an ordinary member, who manages only their own workspaces."""
    return set_group_role(call, request.user_id, request.group_id, GroupRole.MEMBER)
