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
    """The permission, and the page of its holders."""

    permission: Annotated[Id, Field(description="The permission's name, such as user.view.")]


class PermissionHolder(Answer):
    """A user who holds a permission, and every grant of it."""

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
    """List the holders of a permission at the present time, each with the role, group, organization
    or direct grant that it comes from. Platform admins hold every permission.

    Each user is listed with their status: only active users can use a permission. A permission as
    group admin is listed with its group. A page by number costs as much to read as the whole list,
    a page by cursor only that page; its total is the one from the first page of the iteration.
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
