"""GET /admin/workspaces (W1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.errors import Forbidden
from rollcall.kit.field_types import Id
from rollcall.kit.paging import Listing, ListRequest, Page, read_page
from rollcall.operations import operation
from rollcall.resources.resource import (
    IN_GROUP,
    OF_TYPE,
    ORPHANED,
    OWNER,
    Resource,
    ResourceAnswer,
    load_things,
)
from rollcall.users.resource_types import WORKSPACE


class ListWorkspaces(ListRequest):
    """Which workspaces, and which page of them. Several filters count together."""

    user: Annotated[
        Id | None, Field(description="Of this owner, or who was; also of a deleted user.")
    ] = None
    group: Annotated[Id | None, Field(description="Of this group.")] = None
    orphaned: Annotated[
        bool | None, Field(description="true: those without an owner; false: those with one.")
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
    """List workspaces, oldest first, by owner, by group, and by whether they have an owner.

    A group admin sees those of one of the own groups, which the request has to name.
    """
    if not call.actor.holds(Permission.WORKSPACE_VIEW, about=request.group):
        detail = "A group admin sees the workspaces of one group; name one of yours with group=."
        raise Forbidden("own_group_needed", detail)
    items, pagination = read_page(call, _choose(request), request)
    return WorkspacePage(items=_answer(request, call, items), pagination=pagination)


def _choose(request: ListWorkspaces) -> Listing:
    """The narrowest partition; the other filters leave out what is in it."""
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
    # Rows that only say where a workspace is found. The index lags, so look whether it still is.
    things = load_things(call.table, (str(item["resourceId"]) for item in items))
    return tuple(
        ResourceAnswer.of(each)
        for each in things
        if request.group in (None, each.group_id) and request.orphaned in (None, each.orphaned)
    )
