"""GET /admin/users/{userId}/groups (G4)."""

from __future__ import annotations

from rollcall.grants.grant import GroupRole, Period
from rollcall.grants.group import Group, load_groups
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.field_types import Id
from rollcall.kit.model import Answer
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.operations import operation
from rollcall.users.user import User


class ListUserGroups(PageRequest):
    """The user, and the page of the user's groups."""

    user_id: Id


class UserGroup(Period, Answer):
    """A group of the user, with role and period."""

    group_id: str
    group_name: str
    role: GroupRole


class UserGroupPage(Page[UserGroup]):
    """A page of a user's groups, by name."""


@operation(
    "GET /admin/users/{user_id}/groups", permission=Permission.USER_VIEW, reads=[User, Group]
)
def list_user_groups(request: ListUserGroups, call: Call) -> UserGroupPage:
    """List the groups of a user by name, with the role in each.

    Future and expired memberships are included, with their times.
    """
    user = call.table.load(User, request.user_id)
    groups = load_groups(call.table, user.group_ids)
    shown = [
        UserGroup(
            group_id=each.group_id,
            group_name=groups[each.group_id].name,
            role=each.role,
            **dict(each.period),
        )
        for each in user.memberships
        if each.group_id in groups
    ]
    shown.sort(key=lambda each: (each.group_name.casefold(), each.group_id))
    items, pagination = paginate(shown, request)
    return UserGroupPage(items=tuple(items), pagination=pagination)
