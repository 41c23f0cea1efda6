"""GET /admin/permissions/{permission}/holders (R2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from rollcall.access import AccessPolicy, find_policy
from rollcall.explanations import Explanation, explain, find_keys
from rollcall.fields import Id
from rollcall.grants import HOLDERS, MEMBERS, Grant, read_grant
from rollcall.groups import Group
from rollcall.kit.call import Call
from rollcall.kit.entity import Item
from rollcall.kit.errors import NotFound
from rollcall.kit.model import Answer
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.kit.table import Table
from rollcall.operations import operation
from rollcall.organizations import Organization
from rollcall.permissions import Permission
from rollcall.roles import Role
from rollcall.statuses import Status
from rollcall.users import User


class ListPermissionHolders(PageRequest):
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
    A page costs as much to read as the whole list.
    """
    if request.permission not in list(Permission):
        raise NotFound("permission_not_found", "Permission not found")
    held = _read_grants(call, Permission(request.permission))
    page, pagination = paginate(sorted(held), request)
    keys = find_keys(grant for user_id in page for grant in held[user_id])
    items = call.table.get_items([*(User.key_of(user_id) for user_id in page), *keys])
    found = (items[User.key_of(each)] for each in page if User.key_of(each) in items)
    users = (user for user in map(User.model_validate, found) if user.exists)
    holders = [_describe(user, explain(held[user.id], items)) for user in users]
    return HolderPage(items=tuple(holders), pagination=pagination)


def _read_grants(call: Call, permission: Permission) -> dict[str, list[Grant]]:
    """The grants in force that give it, by user. The indexes know who has what; whether it counts
    is for the policy to say.
    """
    _, policy = find_policy(call.table, call.now)
    giving = {permission, Permission.ADMIN_ACCESS}
    held: dict[str, list[Grant]] = defaultdict(list)
    for grant in map(read_grant, _read_rows(call.table, policy, permission)):
        if grant.period.covers(call.now) and giving.intersection(policy.of_grant(grant)):
            held[grant.user_id].append(grant)
    return held


def _read_rows(table: Table, policy: AccessPolicy, permission: Permission) -> Iterator[Item]:
    givers = policy.givers(permission)
    for subject in {permission, Permission.ADMIN_ACCESS, *givers.roles}:
        yield from table.query_index("gsi2", f"{HOLDERS}{subject}")
    for group_id in givers.groups:
        yield from table.query_index("gsi1", f"{MEMBERS}{group_id}")


def _describe(user: User, grants: tuple[Explanation, ...]) -> PermissionHolder:
    names = ("name", "email", "username", "status")
    fields = {name: getattr(user, name) for name in names}
    return PermissionHolder(user_id=user.id, grants=grants, **fields)
