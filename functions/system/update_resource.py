"""PATCH /system/resources/{resourceId} (W2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.grants.group import Group
from rollcall.grants.scopes import Scope
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Invalid
from rollcall.kit.field_types import Id
from rollcall.kit.model import Omissible, Time, WriteRequest
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.resources.answers import ResourceAnswer, note_access
from rollcall.resources.resource import Resource, load_resource, without_deleted_groups
from rollcall.system_operations import system_operation
from rollcall.users.user import User, load_modifiable

CLOCKS_DIFFER = timedelta(minutes=1)
"""How far the clock of a service may be ahead of ours."""


class UpdateResource(WriteRequest):
    """The fields to change. Absent fields stay the same; null clears it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Second self", "active": False}]}
    )

    resource_id: Id
    name: Line | None = None
    group_id: Annotated[
        Id | None, Field(description="A group that it belongs to. The owner must be a member.")
    ] = None
    active: Annotated[
        Omissible[bool], Field(description="Whether the resource is in use or archived.")
    ] = None
    user_id: Annotated[Omissible[Id], Field(description="The new owner.")] = None
    last_accessed_at: Annotated[
        Omissible[Time],
        Field(
            description="When the resource was last opened. It creates no version and no journal "
            "entry, and a time before the stored one changes nothing."
        ),
    ] = None


def remember_access(request: UpdateResource, call: Call, answer: ResourceAnswer) -> None:
    """Record when the resource was opened, apart from the committed change."""
    if request.last_accessed_at is not None:
        note_access(call, answer)


@system_operation(
    "PATCH /system/resources/{resource_id}",
    permission=Scope.RESOURCES,
    scoped=True,
    reads=[User, Group],
    writes=[Resource],
    then=remember_access,
)
def update_resource(request: UpdateResource, call: Call) -> ResourceAnswer:
    """Rename a resource, archive it, move it to another group or owner, or record when it was last
    opened.
    """
    resource = load_resource(call, request.resource_id)
    plain = {"name", "group_id", "active"} & request.model_fields_set
    update: dict[str, object] = {name: getattr(request, name) for name in plain}
    if request.user_id is not None:
        update |= {"user_id": request.user_id, "orphaned": False}
    changed = resource.model_copy(update=update).accessed(_read_time(request, call.now))
    requires: list[ConditionCheck] = []
    if _is_relocated(resource, changed):
        changed, requires = _relocate(request, call, changed)
    return call.commit(Change(resource, changed), answer=ResourceAnswer.of, requires=requires)


def _is_relocated(resource: Resource, changed: Resource) -> bool:
    was, is_now = ((each.user_id, each.orphaned, each.group_id) for each in (resource, changed))
    return was != is_now or (changed.active and not resource.active)


def _relocate(
    request: UpdateResource, call: Call, changed: Resource
) -> tuple[Resource, list[ConditionCheck]]:
    if "group_id" not in request.model_fields_set:
        (changed,) = without_deleted_groups(call.table, [changed])
    if changed.orphaned:
        return changed, changed.require_placed(None)
    owner = load_modifiable(call.table, changed.user_id)
    return changed.owned_by(owner, call.now), changed.require_placed(owner)


def _read_time(request: UpdateResource, now: datetime) -> datetime | None:
    accessed_at = request.last_accessed_at
    if accessed_at is None:
        return None
    if accessed_at > now + CLOCKS_DIFFER:
        raise Invalid.field(
            "lastAccessedAt", "This time is in the future. Send a time in the past.", "in_future"
        )
    return min(accessed_at, now)
