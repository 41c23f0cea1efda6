"""POST /admin/groups (G1)."""

from __future__ import annotations

from pydantic import ConfigDict

from rollcall.access.policy import AccessPolicy, change_policy
from rollcall.grants.group import Group
from rollcall.grants.permissions import GrantablePermissions, Permission, require_held, without_end
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.members.group_answers import GroupAnswer
from rollcall.operations import operation


class CreateGroup(WriteRequest):
    """What the group is called, and what its members may do."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Editors", "permissions": ["user.view"]}]}
    )

    name: Line
    description: Text | None = None
    permissions: GrantablePermissions = ()


@operation(
    "POST /admin/groups",
    permission=Permission.GROUP_CREATE,
    status=201,
    writes=[Group, AccessPolicy],
)
def create_group(request: CreateGroup, call: Call) -> GroupAnswer:
    """Make a group, which may grant permissions to its members."""
    require_held(call.actor, without_end(request.permissions))
    group = Group(
        id=call.new_id("grp"),
        created_at=call.now,
        updated_at=call.now,
        name=request.name,
        description=request.description,
    )
    return call.commit(
        Change(None, group),
        *change_policy(call, lambda policy: policy.with_group(group.id, request.permissions)),
        answer=lambda written: GroupAnswer.of(written, request.permissions),
    )
