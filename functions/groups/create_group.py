"""POST /admin/groups (G1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.definitions import Definition, define
from rollcall.access.policy import AccessPolicy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.members.group_answers import GroupAnswer
from rollcall.operations import operation


class CreateGroup(Definition):
    """The group's name, and the permissions of its members."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Editors", "permissions": ["user.view"]}]}
    )


@operation(
    "POST /admin/groups",
    permission=Permission.GROUP_CREATE,
    status=201,
    writes=[Group, AccessPolicy],
)
def create_group(request: CreateGroup, call: Call) -> GroupAnswer:
    """Create a group. It can grant its members only permissions that the caller holds."""
    return define(call, Group, call.new_id("grp"), request, GroupAnswer.of)
