"""GET /admin/workspaces (W1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.errors import Forbidden
from rollcall.kit.field_types import Id, has_prefix
from rollcall.kit.paging import Listing, ListRequest, Page, read_page
from rollcall.operations import operation
from rollcall.resources.answers import ResourceAnswer
from rollcall.resources.resource import IN_GROUP, OF_TYPE, ORPHANED, OWNER, Resource, load_resources
from rollcall.users.resource_types import WORKSPACE


class ListWorkspaces(ListRequest):
    """Filters for the workspaces, which are combined, and the page."""

    user: Annotated[
        Id | None, Field(description="The present or last owner, who may be deleted.")
    ] = None
    group: Annotated[
        Annotated[Id, has_prefix("grp_")] | None, Field(description="The group of the workspaces.")
    ] = None
    orphaned: Annotated[
        bool | None, Field(description="true: without an owner; false: with an owner.")
    ] = None


class WorkspacePage(Page[ResourceAnswer]):
    """A page of workspaces."""


@operation(
    "GET /admin/workspaces",
    permission=Permission.WORKSPACE_VIEW,
    scoped=True,
    reads=[Resource],
)
def list_workspaces(request: ListWorkspaces, call: Call) -> WorkspacePage:
    """List workspaces, oldest first, filtered by owner, by group, and by whether they have an
    owner.

    A group admin sees the workspaces of their own groups, one group per request.
    """
    if not call.actor.holds(Permission.WORKSPACE_VIEW, about=request.group):
        detail = (
            "A group admin sees the workspaces of one group. Name one of your groups with group=."
        )
        raise Forbidden("own_group_needed", detail)
    items, pagination = read_page(call, _choose(request), request)
    return WorkspacePage(items=_answer(request, call, items), pagination=pagination)


def _choose(request: ListWorkspaces) -> Listing:
    """The narrowest partition. The other filters exclude items in it."""
    holding: Item = {} if request.orphaned is None else {"orphaned": request.orphaned}
    if request.user:
        if request.group:
            holding["groupId"] = request.group
        return Listing("gsi1", f"{OWNER}{request.user}", prefix=f"{WORKSPACE}#", holding=holding)
    if request.group:
        return Listing("gsi1", f"{IN_GROUP}{request.group}", holding=holding)
    if request.orphaned:
        return Listing("gsi2", f"{ORPHANED}{WORKSPACE}")
    return Listing("gsi2", f"{OF_TYPE}{WORKSPACE}", holding=holding)


def _answer(request: ListWorkspaces, call: Call, items: list[Item]) -> tuple[ResourceAnswer, ...]:
    if "resourceId" not in (items[0] if items else {}):
        return ResourceAnswer.of_items(items)
    # Items that only refer to a workspace. The index lags, so check that they still apply.
    resources = load_resources(call.table, (str(item["resourceId"]) for item in items))
    return tuple(
        ResourceAnswer.of(each)
        for each in resources
        if request.group in (None, each.group_id) and request.orphaned in (None, each.orphaned)
    )
