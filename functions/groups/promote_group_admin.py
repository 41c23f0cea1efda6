"""POST /admin/users/{userId}/groups/{groupId}/promote (G2, G3)."""

from __future__ import annotations

from rollcall.access import AccessPolicy
from rollcall.fields import Id
from rollcall.grants import GroupRole
from rollcall.group_memberships import set_group_role
from rollcall.groups import Group
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.operations import operation
from rollcall.permissions import Permission
from rollcall.user_answers import UserAnswer
from rollcall.users import User


class PromoteGroupAdmin(WriteRequest):
    """Who shall be admin of which group."""

    user_id: Id
    group_id: Id


@operation(
    "POST /admin/users/{user_id}/groups/{group_id}/promote",
    permission=Permission.GROUP_ASSIGN,
    reads=[AccessPolicy, Group],
    writes=[User],
)
def promote_group_admin(request: PromoteGroupAdmin, call: Call) -> UserAnswer:
    """Make a member of a group its admin, who manages the workspaces of that group."""
    return set_group_role(call, request.user_id, request.group_id, GroupRole.ADMIN)
