"""The recipients of reports about automatic actions."""

from __future__ import annotations

from rollcall.access.admins import find_admins
from rollcall.grants import built_in_roles
from rollcall.users.statuses import Status
from tests.world.world import World


def test_only_active_platform_admins_are_returned(world: World) -> None:
    other = world.add_user(is_admin=True)
    world.add_user(is_admin=True, status=Status.SUSPENDED)
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id, built_in_roles.ADMIN.id)
    demoted = world.add_user(is_admin=True)
    world.change_user(demoted, demoted.model_copy(update={"is_admin": False}))

    found = find_admins(world.runtime.table)

    assert {each.id for each in found} == {world.admin_id, other.id}
