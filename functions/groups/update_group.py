"""PATCH /admin/groups/{groupId} (G1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.definitions import Redefinition, redefine
from rollcall.access.policy import AccessPolicy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.members.group_answers import GroupAnswer
from rollcall.operations import operation


class UpdateGroup(Redefinition):
    """The fields to change. Absent fields stay the same; null clears the description."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Editors", "permissions": ["user.view"]}]}
    )

    group_id: Id


@operation(
    "PATCH /admin/groups/{group_id}",
    permission=Permission.GROUP_UPDATE,
    writes=[Group, AccessPolicy],
)
def update_group(request: UpdateGroup, call: Call) -> GroupAnswer:
    """Change a group's name, description or permissions.

    New permissions apply from the next request of each member. With If-Match the change is refused
    (412) when the group has changed since that version.
    """
    group = call.table.load(Group, request.group_id)
    return redefine(call, group, request, GroupAnswer.of)
