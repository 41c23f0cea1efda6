"""Groups, organizations and roles as what others are counted on: how many are in them or have them.

Apart from the entities, because every function that reads users knows what they are counted on,
and few read the groups, organizations and roles themselves.
"""

from __future__ import annotations

from rollcall.kit.entity import Counter, Holder

GROUP = Holder("group", "GROUP#")
ORGANIZATION = Holder("organization", "ORGANIZATION#")
ROLE = Holder("role", "ROLE#")


def members_of_group(group_id: str) -> Counter:
    """How many users are in a group."""
    return GROUP.counter(group_id, "memberCount")


def active_workspaces_of_group(group_id: str) -> Counter:
    """How many workspaces in use a group has."""
    return GROUP.counter(group_id, "activeWorkspaceCount")


def members_of_organization(organization_id: str) -> Counter:
    """How many users belong to an organization."""
    return ORGANIZATION.counter(organization_id, "memberCount")


def holders_of_role(role_id: str) -> Counter:
    """How many have a role, or give it by default."""
    return ROLE.counter(role_id, "holderCount")
