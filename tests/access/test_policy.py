"""What roles and groups grant, and to whom (R2)."""

from __future__ import annotations

from functools import partial

from rollcall.access.policy import (
    POLICY_ID,
    AccessPolicy,
    change_granted,
    effective_permissions,
    find_policy,
)
from rollcall.grants.grant import GroupRole, Reason, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.users.user import User
from tests.world.world import World


def join(world: World, user: User, *group_ids: str) -> User:
    for group_id in group_ids:
        user = world.change_user(user, user.with_membership(group_id, GroupRole.MEMBER))
    return user


def test_permissions_are_the_union_over_flag_grants_groups_and_roles(world: World) -> None:
    groups = [
        world.add_group("Viewers", Permission.USER_VIEW),
        world.add_group("Deleters", Permission.USER_DELETE),
    ]
    user = world.add_user(permissions=(Permission.USER_CREATE,))
    member = join(world, user, *groups)

    held = effective_permissions(member, world.runtime.table, world.clock.now)

    assert held == {Permission.USER_VIEW, Permission.USER_DELETE, Permission.USER_CREATE}
    admin = world.user(world.admin_id)
    assert effective_permissions(admin, world.runtime.table, world.clock.now) == {
        Permission.ADMIN_ACCESS
    }


def test_policy_contains_what_groups_and_roles_grant(world: World) -> None:
    now = world.clock.now
    policy = AccessPolicy(
        id=POLICY_ID,
        created_at=now,
        updated_at=now,
        roles={"rol_1": (Permission.USER_VIEW,)},
    ).with_group("grp_1", (Permission.USER_CREATE,))

    assert (policy.of_group("grp_1"), policy.of_group("grp_2")) == ((Permission.USER_CREATE,), ())
    assert (policy.of_role("rol_1"), policy.of_role("rol_2")) == ((Permission.USER_VIEW,), ())
    assert policy.of_role("rol_system") == (Permission.ADMIN_ACCESS,)


def test_policy_finds_the_sources_of_each_permission(world: World) -> None:
    group_id, role_id = world.add_group("Viewers", Permission.USER_VIEW), world.add_role("Idle")
    user = join(world, world.add_user(permissions=(Permission.USER_VIEW,)), group_id)
    user = user.with_grants("role_grants", [RoleGrant(user_id=user.id, role_id=role_id)])
    policy = find_policy(world.runtime.table, world.clock.now)[1]

    explained = policy.explain(user, world.clock.now)

    assert explained == {
        Permission.USER_VIEW: (Reason(user.memberships[0]), Reason(user.permission_grants[0])),
    }
    assert policy.explain(world.user(world.admin_id), world.clock.now).keys() == {
        Permission.ADMIN_ACCESS
    }


def test_policy_finds_the_roles_and_groups_that_grant_a_permission(world: World) -> None:
    viewers, creators = (
        world.add_group("Viewers", Permission.USER_VIEW),
        world.add_role("Creators", Permission.USER_CREATE, Permission.USER_VIEW),
    )
    policy = find_policy(world.runtime.table, world.clock.now)[1]

    assert policy.sources_of(Permission.USER_VIEW) == (("rol_system", creators), (viewers,))
    assert policy.sources_of(Permission.USER_CREATE) == (("rol_system", creators), ())
    assert policy.sources_of(Permission.ADMIN_ACCESS) == (("rol_system",), ())


def test_changing_a_roles_permissions_changes_the_role(world: World) -> None:
    role = world.runtime.table.load(Role, world.add_role("Readers", Permission.USER_VIEW))

    for permissions, policy_version in (
        ((Permission.USER_VIEW,), None),
        ((Permission.USER_CREATE,), 2),
        ((), 2),
    ):
        changed, changes, _ = change_granted(
            world.call(),
            role,
            partial(AccessPolicy.with_role, role_id=role.id, permissions=permissions),
        )
        assert changed.policy_version == policy_version
        assert (len(changes), changed != role) == ((1, True) if policy_version else (0, False))


def test_empty_policy_applies_before_the_first_version(world: World) -> None:
    stored, policy = find_policy(world.runtime.table, world.clock.now)
    assert stored is None
    assert (policy.version, policy.groups, policy.roles) == (0, {}, {})
