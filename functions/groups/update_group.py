"""PATCH /admin/groups/{groupId} (G1)."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.access.policy import AccessPolicy, change_granted
from rollcall.grants.group import Group
from rollcall.grants.permissions import (
    GrantablePermissions,
    Permission,
    check_redefinition,
)
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Omissible, WriteRequest
from rollcall.kit.text import Line, Text
from rollcall.kit.transaction import Change
from rollcall.members.group_answers import GroupAnswer
from rollcall.operations import operation


class UpdateGroup(WriteRequest):
    """What to change. A field that is absent stays; null empties the description."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Editors", "permissions": ["user.view"]}]}
    )

    group_id: Id
    name: Omissible[Line] = None
    description: Text | None = None
    permissions: Annotated[
        Omissible[GrantablePermissions],
        Field(description="In the place of all that the group grants."),
    ] = None


@operation(
    "PATCH /admin/groups/{group_id}",
    permission=Permission.GROUP_UPDATE,
    writes=[Group, AccessPolicy],
)
def update_group(request: UpdateGroup, call: Call) -> GroupAnswer:
    """Rename a group, describe it, and change what it grants, from the next request on.

    With If-Match the change is refused (412) when somebody else has changed the group since.
    """
    group = call.table.load(Group, request.group_id)
    plain = {"name", "description"} & request.model_fields_set
    renamed = group.model_copy(update={name: getattr(request, name) for name in plain})
    changed, others, policy = change_granted(call, renamed, partial(_regrant, request, call))
    return call.commit(
        Change(group, changed),
        *others,
        answer=lambda written: GroupAnswer.of(written, policy.of_group(written.id)),
    )


def _regrant(request: UpdateGroup, call: Call, policy: AccessPolicy) -> AccessPolicy:
    held = policy.of_group(request.group_id)
    check_redefinition(call.actor, held, request.permissions, target="group")
    if request.permissions is None:
        return policy
    return policy.with_group(request.group_id, request.permissions)
