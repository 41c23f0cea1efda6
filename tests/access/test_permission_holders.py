"""Pagination of the holders of a permission (R2)."""

from __future__ import annotations

from functions.roles.list_permission_holders import ListPermissionHolders
from rollcall.access.permission_holders import read_holders
from rollcall.grants.grant import GroupRole, Reason
from rollcall.grants.permissions import Permission
from tests.world.world import World


def test_group_membership_in_two_index_partitions_counts_once(world: World) -> None:
    group_id = world.add_group("Viewers", Permission.WORKSPACE_VIEW)
    user = world.join_group(world.add_user().id, group_id, GroupRole.ADMIN)
    request = ListPermissionHolders(permission="workspace.view")

    holders, pagination = read_holders(world.call(), Permission.WORKSPACE_VIEW, request)

    (membership,) = user.memberships
    found = {each.user_id: each.reasons for each in holders}
    assert found[user.id] == (Reason(membership), Reason(membership, group_id))
    assert (set(found), pagination.total) == ({world.admin_id, user.id}, 2)
