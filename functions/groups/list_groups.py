"""GET /groups (G1)."""

from __future__ import annotations

from rollcall.access.policy import AccessPolicy, find_policy
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.listings import read_listed
from rollcall.kit.paging import ListRequest, Page
from rollcall.members.group_answers import GroupAnswer
from rollcall.operations import operation


class ListGroups(ListRequest):
    """The page of the groups."""


class GroupPage(Page[GroupAnswer]):
    """A page of groups, by name."""


@operation("GET /groups", permission=Permission.GROUP_LIST, reads=[Group, AccessPolicy])
def list_groups(request: ListGroups, call: Call) -> GroupPage:
    """List the groups by name, with the permissions that each grants."""
    items, pagination = read_listed(call, Group, request)
    _, policy = find_policy(call.table, call.now)
    groups = [Group.model_validate(item) for item in items]
    answers = [GroupAnswer.of(group, policy.of_group(group.id)) for group in groups]
    return GroupPage(items=tuple(answers), pagination=pagination)
