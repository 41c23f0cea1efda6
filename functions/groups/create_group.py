"""POST /admin/groups (G1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access import AccessPolicy, find_policy
from rollcall.groups import Group, GroupAnswer
from rollcall.kit.call import Call
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.operations import operation
from rollcall.permissions import Permission, require_held


class CreateGroup(WriteRequest):
    """What the group is called, and what its members may do."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Editors", "permissions": ["user.view"]}]}
    )

    name: Line
    description: Text | None = None
    permissions: Annotated[tuple[Permission, ...], Field(max_length=50)] = ()


@operation(
    "POST /admin/groups",
    permission=Permission.GROUP_CREATE,
    status=201,
    writes=[Group, AccessPolicy],
)
def create_group(request: CreateGroup, call: Call) -> GroupAnswer:
    """Make a group, which may grant permissions to its members."""
    require_held(call.actor, request.permissions)
    group = Group(
        id=call.new_id("grp"),
        created_at=call.now,
        updated_at=call.now,
        name=request.name,
        description=request.description,
    )
    permissions = tuple(sorted(set(request.permissions)))
    return call.commit(
        Change(None, group),
        *_grant(call, group, permissions),
        answer=lambda written: GroupAnswer.of(written, permissions),
    )


def _grant(
    call: Call, group: Group, permissions: tuple[Permission, ...]
) -> list[Change[AccessPolicy]]:
    if not permissions:
        return []
    stored, policy = find_policy(call.table, call.now)
    return [Change(stored, policy.with_group(group.id, permissions))]
