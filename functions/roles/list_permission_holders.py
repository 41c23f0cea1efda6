"""GET /admin/permissions/{permission}/holders (R2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.access.explanations import Explanation, explain, find_keys
from rollcall.access.permission_holders import read_holders
from rollcall.access.policy import AccessPolicy
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.call import Call
from rollcall.kit.errors import NotFound
from rollcall.kit.field_types import Id
from rollcall.kit.model import Answer
from rollcall.kit.paging import ListRequest, Page
from rollcall.operations import operation
from rollcall.users.statuses import Status
from rollcall.users.user import User


class ListPermissionHolders(ListRequest):
    """Who holds which permission, and which page of them."""

    permission: Annotated[Id, Field(description="Its name, as user.view.")]


class PermissionHolder(Answer):
    """Somebody who holds a permission, and every grant that gives it."""

    user_id: str
    name: str | None = None
    email: str | None = None
    username: str | None = None
    status: Status
    grants: tuple[Explanation, ...]


class HolderPage(Page[PermissionHolder]):
    """A page of holders, in the order of their ids."""


@operation(
    "GET /admin/permissions/{permission}/holders",
    permission=Permission.PERMISSION_VIEW,
    reads=[User, AccessPolicy, Role, Group, Organization],
)
def list_permission_holders(request: ListPermissionHolders, call: Call) -> HolderPage:
    """List who holds a permission at this moment, and by which role, group, organization or
    direct grant; platform admins hold every one.

    Whoever's status is not active is listed with it: they have the permission, but can use none.
    What a group admin may do is told with the group that it holds for. A page by its number costs
    as much to read as the whole list, and by cursor no more than a page; its total is that of the
    page that the walk began with.
    """
    if request.permission not in list(Permission):
        raise NotFound("permission_not_found", "Permission not found")
    page, pagination = read_holders(call, Permission(request.permission), request)
    keys = find_keys(reason for holder in page for reason in holder.reasons)
    items = call.table.get_items([*(User.key_of(each.user_id) for each in page), *keys])
    reasons = {each.user_id: each.reasons for each in page}
    found = (items[User.key_of(each)] for each in reasons if User.key_of(each) in items)
    users = (user for user in map(User.model_validate, found) if user.exists)
    holders = [_describe(user, explain(reasons[user.id], items)) for user in users]
    return HolderPage(items=tuple(holders), pagination=pagination)


def _describe(user: User, grants: tuple[Explanation, ...]) -> PermissionHolder:
    names = ("name", "email", "username", "status")
    fields = {name: getattr(user, name) for name in names}
    return PermissionHolder(user_id=user.id, grants=grants, **fields)
