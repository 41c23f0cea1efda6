"""PATCH /admin/users/{userId}/groups/{groupId}/role (G2)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.policy import AccessPolicy
from rollcall.grants.grant import GroupRole, Membership
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.grants.time_boxes import TimeBoxed
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.members.group_memberships import set_group_role
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User


class ChangeGroupRole(TimeBoxed, WriteRequest):
    """The user's new role in the group, and its period. Absent fields stay the same."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "admin"}]})

    user_id: Id
    group_id: Id
    role: GroupRole


@operation(
    "PATCH /admin/users/{user_id}/groups/{group_id}/role",
    permission=Permission.GROUP_ASSIGN,
    reads=[AccessPolicy, Group],
    writes=[User, Membership],
)
def change_group_role(request: ChangeGroupRole, call: Call) -> UserAnswer:
    """Change a user's role in a group, member or group admin, with or without an expiry."""
    return set_group_role(call, request.user_id, request.group_id, request.role, request)
