"""The roles that every deployment has (R1)."""

from __future__ import annotations

from rollcall.grants.built_in_roles import BUILT_IN_ROLES, ORGANIZATION_ROLES, SYSTEM
from rollcall.grants.role import Role
from tests.world.world import World


def test_every_deployment_has_built_in_roles_with_fixed_ids(world: World) -> None:
    for role in BUILT_IN_ROLES:
        stored = world.runtime.table.load(Role, role.id)
        assert (stored.name, stored.description) == (role.name, role.description)
        assert stored.built_in


def test_all_built_in_roles_except_system_are_for_organizations() -> None:
    assert {role.id for role in BUILT_IN_ROLES} - ORGANIZATION_ROLES == {SYSTEM.id}
