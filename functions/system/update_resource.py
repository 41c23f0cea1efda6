"""PATCH /system/resources/{resourceId} (W2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.grants.group import Group
from rollcall.grants.scopes import Scope
from rollcall.kit.call import Call
from rollcall.kit.errors import Invalid
from rollcall.kit.field_types import Id
from rollcall.kit.model import Omissible, Time, WriteRequest
from rollcall.kit.requirement import Required
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.resources.resource import (
    Resource,
    ResourceAnswer,
    note_access,
    without_deleted_groups,
)
from rollcall.system_operations import system_operation
from rollcall.users.user import User, load_modifiable

CLOCKS_DIFFER = timedelta(minutes=1)
"""How far a service's clock may go ahead of ours."""


class UpdateResource(WriteRequest):
    """What to change. A field that is absent stays; null empties it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Second self", "active": False}]}
    )

    resource_id: Id
    name: Line | None = None
    group_id: Annotated[
        Id | None, Field(description="A group that it belongs to and that the owner is in.")
    ] = None
    active: Annotated[Omissible[bool], Field(description="Whether it is in use, or archived.")] = (
        None
    )
    user_id: Annotated[Omissible[Id], Field(description="The owner.")] = None
    last_accessed_at: Annotated[
        Omissible[Time],
        Field(
            description="When somebody opened it last. Bookkeeping: no version, nothing in the "
            "journal, and an earlier time than the known one changes nothing."
        ),
    ] = None


def remember_access(request: UpdateResource, call: Call, answer: ResourceAnswer) -> None:
    """Note when it was opened, beside what has been committed."""
    if request.last_accessed_at is not None:
        note_access(call, answer)


@system_operation(
    "PATCH /system/resources/{resource_id}",
    permission=Scope.RESOURCES,
    reads=[User, Group],
    writes=[Resource],
    then=remember_access,
)
def update_resource(request: UpdateResource, call: Call) -> ResourceAnswer:
    """Rename what a user owns, archive it, move it to another group or owner, or say when it was
    opened last.
    """
    thing = call.table.load(Resource, request.resource_id)
    plain = {"name", "group_id", "active"} & request.model_fields_set
    update: dict[str, object] = {name: getattr(request, name) for name in plain}
    if request.user_id is not None:
        update |= {"user_id": request.user_id, "orphaned": False}
    changed = thing.model_copy(update=update).accessed(_read_moment(request, call.now))
    requires: list[Required] = []
    if _is_placed_anew(thing, changed):
        changed, requires = _place(request, call, changed)
    return call.commit(Change(thing, changed), answer=ResourceAnswer.of, requires=requires)


def _is_placed_anew(thing: Resource, changed: Resource) -> bool:
    was, is_now = ((each.user_id, each.orphaned, each.group_id) for each in (thing, changed))
    return was != is_now or (changed.active and not thing.active)


def _place(
    request: UpdateResource, call: Call, changed: Resource
) -> tuple[Resource, list[Required]]:
    if "group_id" not in request.model_fields_set:
        (changed,) = without_deleted_groups(call.table, [changed])
    if changed.orphaned:
        return changed, changed.require_placed(None)
    owner = load_modifiable(call.table, changed.user_id)
    return changed.owned_by(owner, call.now), changed.require_placed(owner)


def _read_moment(request: UpdateResource, now: datetime) -> datetime | None:
    moment = request.last_accessed_at
    if moment is None:
        return None
    if moment > now + CLOCKS_DIFFER:
        raise Invalid.field("lastAccessedAt", "This is in the future.", "in_future")
    return min(moment, now)
