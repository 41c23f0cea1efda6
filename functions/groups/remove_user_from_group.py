"""DELETE /admin/users/{userId}/groups/{groupId} (G2)."""

from __future__ import annotations

from rollcall.access.granting import commit_grants
from rollcall.access.policy import AccessPolicy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.members.group_memberships import load_member
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User


class RemoveUserFromGroup(WriteRequest):
    """The user, and the group to leave."""

    user_id: Id
    group_id: Id


@operation(
    "DELETE /admin/users/{user_id}/groups/{group_id}",
    permission=Permission.GROUP_ASSIGN,
    reads=[AccessPolicy, Group],
    writes=[User],
)
def remove_user_from_group(request: RemoveUserFromGroup, call: Call) -> UserAnswer:
    """Remove a user from a group. The user loses the permissions from it immediately.

    Refused while the user has active workspaces in the group. The error has their number.
    """
    user = load_member(call.table, request.user_id, request.group_id)
    return commit_grants(call, user, user.without_membership(request.group_id), UserAnswer.of)
