"""DELETE /system/resources/{resourceId} (W2)."""

from __future__ import annotations

from rollcall.grants.scopes import Scope
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import WriteRequest
from rollcall.kit.transaction import Change
from rollcall.resources.deletion_answers import Deletion
from rollcall.resources.resource import Resource, load_resource
from rollcall.system_operations import system_operation


class RemoveResource(WriteRequest):
    """The resource to remove."""

    resource_id: Id


@system_operation(
    "DELETE /system/resources/{resource_id}",
    permission=Scope.RESOURCES,
    scoped=True,
    writes=[Resource],
)
def remove_resource(request: RemoveResource, call: Call) -> Deletion:
    """Remove a resource of a user. Its external id is free again."""
    resource = load_resource(call, request.resource_id)
    answer = Deletion(message="Resource removed")
    return call.commit(Change(resource, resource.as_erased()), answer=lambda _: answer)
