"""Grants as answers explain them (R2)."""

from __future__ import annotations

from datetime import UTC, datetime

from rollcall.access.explanations import Way, explain, find_keys
from rollcall.grants.grant import (
    KINDS,
    GroupRole,
    Membership,
    OrganizationMembership,
    PermissionGrant,
    Reason,
    RoleGrant,
)
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role

END = datetime(2026, 2, 1, tzinfo=UTC)
GRANTS = (
    OrganizationMembership(user_id="usr_1", organization_id="org_1", role_id="rol_2"),
    Membership(user_id="usr_1", group_id="grp_1", role=GroupRole.ADMIN),
    RoleGrant(user_id="usr_1", role_id="rol_2", ends_at=END),
    RoleGrant(user_id="usr_1", role_id="rol_1"),
    PermissionGrant(user_id="usr_1", permission=Permission.USER_VIEW),
)
"""One of each kind, and one more."""
REASONS = (*map(Reason, GRANTS), Reason(GRANTS[1], "grp_1"))


def test_direct_grants_come_first_then_roles_groups_and_organizations() -> None:
    named = {
        Role.key_of("rol_1"): {"name": "Support"},
        Role.key_of("rol_2"): {"name": "Editor"},
        Group.key_of("grp_1"): {"name": "Readers"},
        Organization.key_of("org_1"): {"name": "Acme"},
    }
    told = [
        each.model_dump(mode="json", by_alias=True, exclude_none=True)
        for each in explain(REASONS, named)
    ]
    assert told == [
        {"kind": "direct", "id": "user.view"},
        {"kind": "role", "id": "rol_1", "name": "Support"},
        {"kind": "role", "id": "rol_2", "name": "Editor", "endsAt": "2026-02-01T00:00:00.000Z"},
        {"kind": "group", "id": "grp_1", "name": "Readers"},
        {"kind": "group", "id": "grp_1", "name": "Readers", "onlyForGroup": "grp_1"},
        {"kind": "organization", "id": "org_1", "name": "Acme", "roleId": "rol_2"},
    ]


def test_deleted_subject_is_explained_without_a_name() -> None:
    assert [each.name for each in explain(REASONS, {})] == [None] * len(REASONS)


def test_each_name_is_read_once() -> None:
    assert find_keys([*REASONS, *REASONS]) == [
        Organization.key_of("org_1"),
        Group.key_of("grp_1"),
        Role.key_of("rol_2"),
        Role.key_of("rol_1"),
    ]


def test_every_kind_of_grant_has_its_own_explanation() -> None:
    assert {type(grant) for grant in GRANTS} == set(KINDS)
    assert {each.kind for each in explain(REASONS, {})} == set(Way)
