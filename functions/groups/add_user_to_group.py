"""POST /admin/users/{userId}/groups (G2)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.policy import AccessPolicy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.members.group_memberships import PlaceInGroup, join_group
from rollcall.operations import operation
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User, load_modifiable


class AddUserToGroup(PlaceInGroup, WriteRequest):
    """Which group, as what, and when."""

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
    writes=[User],
)
def add_user_to_group(request: AddUserToGroup, call: Call) -> UserAnswer:
    """Put a user into a group, as member or as group admin, for ever or for a time.

    Whoever is in it already gets what is named here, and keeps the rest as it is; that is answered
    with 201 too.
    """
    user = load_modifiable(call.table, request.user_id)
    return join_group(call, user, request.group_id, request)
