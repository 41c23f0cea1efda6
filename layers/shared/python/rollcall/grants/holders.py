"""The counters of groups, organizations and roles: how many members or holders they have.

They are separate from the entities, because every function that reads users needs the counters, and
few need the groups, organizations and roles themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from rollcall.kit.entity import Counter, Holder

GROUP = Holder("group", "GROUP#")
ORGANIZATION = Holder("organization", "ORGANIZATION#")
ROLE = Holder("role", "ROLE#")
HIDDEN = "hiddenMemberCount"
"""The attribute that counts the members who are soft-deleted. It has no conditions: a user in a
group that is being deleted can be soft-deleted."""


def members_of_group(group_id: str) -> Counter:
    """How many users are in a group."""
    return GROUP.counter(group_id, "memberCount")


def count_member(members: Counter, *, hidden: bool) -> Mapping[Counter, int]:
    """One in a counter of members, and, if the user is soft-deleted, in the hidden ones too."""
    return {members: 1, Counter(members.key, HIDDEN): 1} if hidden else {members: 1}


def active_workspaces_of_group(group_id: str) -> Counter:
    """How many active workspaces a group has."""
    return GROUP.counter(group_id, "activeWorkspaceCount")


def members_of_organization(organization_id: str) -> Counter:
    """How many users belong to an organization."""
    return ORGANIZATION.counter(organization_id, "memberCount")


def holders_of_role(role_id: str) -> Counter:
    """How many users have a role, and how many organizations grant it by default."""
    return ROLE.counter(role_id, "holderCount")
