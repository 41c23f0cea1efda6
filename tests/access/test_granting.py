"""Granting and revoking follow one set of rules (R4, I11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollcall.access.granting import commit_grants
from rollcall.grants import built_in_roles
from rollcall.grants.grant import GroupRole, OrganizationMembership, Period
from rollcall.grants.permissions import GROUP_ADMIN_PERMISSIONS, Permission
from rollcall.kit.call import Call
from rollcall.kit.errors import Forbidden
from rollcall.users.answers import UserAnswer
from rollcall.users.user import User
from tests.world.clock import START
from tests.world.world import World

DAY = timedelta(days=1)


def call_of_somebody(world: World, *permissions: Permission) -> Call:
    """A call by a user who holds only these permissions."""
    actor = replace(world.actor(world.add_user().id), permissions=frozenset(permissions))
    return replace(world.call(), actor=actor)


def in_organization(user: User, organization_id: str, role_id: str, **period: Any) -> User:
    """The user in only this organization."""
    place = OrganizationMembership(
        user_id=user.id, organization_id=organization_id, role_id=role_id, **period
    )
    return user.with_grants("organization_memberships", [place])


@pytest.mark.parametrize(
    ("role_id", "period"),
    [
        (built_in_roles.GUEST.id, {}),
        (built_in_roles.USER.id, {"ends_at": START + DAY}),
        (built_in_roles.USER.id, {"starts_at": START + DAY}),
    ],
    ids=["another role", "a shorter time", "a later beginning"],
)
def test_reducing_a_grant_counts_as_revoking_from_a_superior(
    world: World, role_id: str, period: dict[str, Any]
) -> None:
    organization_id = world.add_organization("Acme")
    superior = world.add_user(permissions=(Permission.USER_DELETE,))
    user = world.change_user(
        superior, in_organization(superior, organization_id, built_in_roles.USER.id)
    )
    call = call_of_somebody(world, Permission.ORGANIZATION_ASSIGN)

    changed = in_organization(user, organization_id, role_id, **period)
    with pytest.raises(Forbidden) as refused:
        commit_grants(call, user, changed, UserAnswer.of)

    assert refused.value.code == "target_outranks_caller"
    assert world.user(user.id) == user


def test_superior_can_be_granted_more(world: World) -> None:
    group_id = world.add_group("Readers")
    superior = world.add_user(permissions=(Permission.USER_DELETE,))
    period = Period(ends_at=START + DAY)
    user = world.change_user(superior, superior.with_membership(group_id, None, period))
    call = call_of_somebody(world, Permission.GROUP_ASSIGN)

    longer = user.with_membership(group_id, None, Period(ends_at=START + 2 * DAY))
    commit_grants(call, user, longer, UserAnswer.of)

    assert world.user(user.id).memberships == longer.memberships


@pytest.mark.parametrize("leave", [False, True], ids=["demoting", "removing"])
def test_caller_without_the_permissions_of_a_group_admin_cannot_revoke_from_one(
    world: World, leave: bool
) -> None:
    group_id, other_id = world.add_group("Readers"), world.add_group("Writers")
    user = world.add_user()
    admin = world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))
    taken = (
        admin.without_membership(group_id)
        if leave
        else admin.with_membership(group_id, GroupRole.MEMBER)
    )
    weak = call_of_somebody(world, Permission.GROUP_ASSIGN)
    scoped = {each.value: frozenset({other_id}) for each in GROUP_ADMIN_PERMISSIONS}
    elsewhere = replace(weak, actor=replace(weak.actor, scoped=scoped))

    for call in (weak, elsewhere):
        with pytest.raises(Forbidden) as refused:
            commit_grants(call, admin, taken, UserAnswer.of)
        assert refused.value.code == "target_outranks_caller"
        assert world.user(user.id) == admin

    equal = call_of_somebody(world, *GROUP_ADMIN_PERMISSIONS)
    commit_grants(equal, admin, taken, UserAnswer.of)
    assert not world.administers(user.id)
