"""GET /groups (G1)."""

from __future__ import annotations

from rollcall.access import AccessPolicy, find_policy
from rollcall.groups import ALL_GROUPS, Group, GroupAnswer
from rollcall.kit.call import Call
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.operations import operation
from rollcall.permissions import Permission


class ListGroups(PageRequest):
    """Which page of the groups."""


class GroupPage(Page[GroupAnswer]):
    """A page of groups, by name."""


@operation("GET /groups", permission=Permission.GROUP_LIST, reads=[Group, AccessPolicy])
def list_groups(request: ListGroups, call: Call) -> GroupPage:
    """List the groups by name, with what each grants."""
    items = list(call.table.query_index("gsi1", ALL_GROUPS))
    chosen, pagination = paginate(items, request)
    _, policy = find_policy(call.table, call.now)
    groups = [Group.model_validate(item) for item in chosen]
    answers = [GroupAnswer.of(group, policy.groups.get(group.id, ())) for group in groups]
    return GroupPage(items=tuple(answers), pagination=pagination)
