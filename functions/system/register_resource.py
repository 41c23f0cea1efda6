"""POST /system/resources (W2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from rollcall.grants.group import Group
from rollcall.grants.scopes import Scope, require_scope_for
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.text import Line
from rollcall.kit.transaction import Change
from rollcall.resources.answers import ResourceAnswer
from rollcall.resources.resource import Resource
from rollcall.system_operations import system_operation
from rollcall.users.resource_types import WORKSPACE, require_type
from rollcall.users.user import User, load_modifiable


class RegisterResource(WriteRequest):
    """The resource, and its owner."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"type": "workspace", "userId": "usr_abc123", "name": "Field notes"}]
        }
    )

    type: Annotated[
        str, Field(max_length=40, description="workspace, persona, …: each type has its own rule.")
    ]
    user_id: Annotated[Id, Field(description="The owner.")]
    name: Line | None = None
    group_id: Annotated[
        Id | None, Field(description="A group that it belongs to. The owner must be a member.")
    ] = None
    external_id: Annotated[
        Line | None, Field(description="Your id of the resource; unique within the type.")
    ] = None
    active: Annotated[bool, Field(description="Whether the resource is in use or archived.")] = True


@system_operation(
    "POST /system/resources",
    permission=Scope.RESOURCES,
    scoped=True,
    status=201,
    reads=[User, Group],
    writes=[Resource],
)
def register_resource(request: RegisterResource, call: Call) -> ResourceAnswer:
    """Register a resource of a user.

    The type decides what happens when the owner is deleted: the resource is deleted too, stays
    without an owner, or prevents the deletion.
    """
    require_type(call.settings.resource_types, request.type)
    require_scope_for(call.actor, Scope.RESOURCES, request.type)
    owner = load_modifiable(call.table, request.user_id)
    resource = Resource(
        id=call.new_id("wsp" if request.type == WORKSPACE else "res"),
        created_at=call.now,
        updated_at=call.now,
        **request.model_dump(exclude={"reason"}),
    )
    return call.commit(
        Change(None, resource.owned_by(owner, call.now)),
        answer=ResourceAnswer.of,
        requires=resource.require_placed(owner),
    )
