"""POST /admin/users/{userId}/groups (G2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access import AccessPolicy, find_policy
from rollcall.fields import Id
from rollcall.groups import Group
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change, Required
from rollcall.operations import operation
from rollcall.permissions import Permission, require_held
from rollcall.user_answers import UserAnswer
from rollcall.users import GroupRole, User, load_modifiable


class AddUserToGroup(WriteRequest):
    """Which group, and as what."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"groupId": "grp_abc123", "role": "member"}]}
    )

    user_id: Id
    group_id: Id
    role: Annotated[
        GroupRole | None, Field(description="Absent: member, or what the user is there already.")
    ] = None


@operation(
    "POST /admin/users/{user_id}/groups",
    permission=Permission.GROUP_ASSIGN,
    status=201,
    reads=[AccessPolicy, Group],
    writes=[User],
)
def add_user_to_group(request: AddUserToGroup, call: Call) -> UserAnswer:
    """Put a user into a group, as member or as group admin.

    Whoever is in it already gets the role named here, and without one keeps the present role.
    """
    user = load_modifiable(call.table, request.user_id)
    _, policy = find_policy(call.table, call.now)
    require_held(call.actor, policy.granted_by_groups([request.group_id]))
    added = user.with_membership(request.group_id, request.role)
    required = [Required(Group, request.group_id)]
    return call.commit(Change(user, added), answer=UserAnswer.of, requires=required)
