"""POST /admin/users/{userId}/groups (G2)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.policy import AccessPolicy
from rollcall.grants.grant import Membership
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.members.group_memberships import MembershipSettings, join_group
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User, load_modifiable


class AddUserToGroup(MembershipSettings, WriteRequest):
    """The group, and the role and period in it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"groupId": "grp_abc123", "role": "member"}]}
    )

    user_id: Id
    group_id: Id


@operation(
    "POST /admin/users/{user_id}/groups",
    permission=Permission.GROUP_ASSIGN,
    status=201,
    reads=[AccessPolicy, Group],
    writes=[User, Membership],
)
def add_user_to_group(request: AddUserToGroup, call: Call) -> UserAnswer:
    """Add a user to a group, as member or group admin, with or without an expiry.

    For a user who is already a member, only the fields in the request change. The status is 201 in
    this case too.
    """
    user = load_modifiable(call.table, request.user_id)
    return join_group(call, user, request.group_id, request)
