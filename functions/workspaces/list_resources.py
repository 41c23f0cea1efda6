"""GET /admin/resources (W2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.errors import Invalid
from rollcall.kit.field_types import Id
from rollcall.kit.paging import Listing, ListRequest, Page, read_page
from rollcall.operations import operation
from rollcall.resources.answers import ResourceAnswer
from rollcall.resources.resource import OF_TYPE, OWNER, Resource
from rollcall.users.resource_types import require_type


class ListResources(ListRequest):
    """The type, the owner or both, and the page."""

    type: Annotated[str | None, Field(max_length=40, description="workspace, persona, …")] = None
    owner: Annotated[
        Id | None, Field(description="The present or last owner, who may be deleted.")
    ] = None


class ResourcePage(Page[ResourceAnswer]):
    """A page of resources."""


@operation("GET /admin/resources", permission=Permission.RESOURCE_VIEW, reads=[Resource])
def list_resources(request: ListResources, call: Call) -> ResourcePage:
    """List resources of users: all of one type, oldest first, or all of one owner."""
    if request.type:
        require_type(call.settings.resource_types, request.type)
    if request.owner:
        prefix = f"{request.type}#" if request.type else ""
        listing = Listing("gsi1", f"{OWNER}{request.owner}", prefix=prefix)
    elif request.type:
        listing = Listing("gsi2", f"{OF_TYPE}{request.type}")
    else:
        message = "Name a type, an owner, or both."
        raise Invalid.field("owner", message, "filter_needed")
    items, pagination = read_page(call, listing, request)
    return ResourcePage(items=ResourceAnswer.of_items(items), pagination=pagination)
