"""Who may do more than the caller, now, later or for longer, is out of the caller's reach, whatever
the operation (R4, I11).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.groups.add_user_to_group import add_user_to_group
from functions.groups.change_group_role import change_group_role
from functions.groups.create_group import create_group
from functions.organizations.delete_organization import delete_organization
from functions.roles.delete_role import delete_role
from functions.roles.replace_user_permissions import replace_user_permissions
from functions.roles.update_role import update_role
from functions.users.assign_unique_id import assign_unique_id
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.disable_user import disable_user
from functions.users.enable_user import enable_user
from functions.users.reset_password import reset_password
from functions.users.restore_user import restore_user
from functions.users.suspend_user import suspend_user
from functions.users.update_user import update_user
from rollcall.grants.grant import GroupRole, Period, PermissionGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.operation import Operation
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.gateway import Reply
from tests.world.world import World

HOUR = timedelta(hours=1)
REACHING: list[tuple[Operation[Any, Any], dict[str, Any] | None]] = [
    (assign_unique_id, {"uniqueId": "EMP-0042"}),
    (delete_user, None),
    (disable_user, {}),
    (enable_user, {}),
    (reset_password, {"newPassword": "TempPass123!", "permanent": True}),
    (restore_user, {}),
    (suspend_user, {}),
    (update_user, {"email": "taken-over@example.com"}),
    (update_user, {"name": "Renamed"}),
    (update_user, {"profile": {"designation": "Renamed"}}),
    (update_user, {"phone": "+4915112345678"}),
    (update_user, {"username": "renamed"}),
]
"""What changes an account, takes it over, shuts it out, or gives it back, with a body for it."""


def hold(world: World, *permissions: Permission, until: datetime | None = None) -> User:
    """A user who holds these permissions directly, possibly with an expiry."""
    user = world.add_user()
    grants = [
        PermissionGrant(user_id=user.id, permission=each, ends_at=until) for each in permissions
    ]
    return world.change_user(user, user.with_grants("permission_grants", grants))


def in_state_for(world: World, operation: Operation[Any, Any], user: User) -> User:
    if operation is restore_user:
        return world.change_user(user, user.as_deleted(world.clock.now))
    if operation is enable_user:
        return world.change_user(user, user.with_status(Status.INACTIVE, world.clock.now))
    return user


def make_group_admin(world: World) -> User:
    user, group_id = world.add_user(), world.add_group("Writers")
    return world.change_user(user, user.with_membership(group_id, GroupRole.ADMIN))


def make_later_superior(world: World) -> User:
    user, now = world.add_user(), world.clock.now
    later = PermissionGrant(
        user_id=user.id, permission=Permission.ROLE_CREATE, starts_at=now + HOUR
    )
    return world.change_user(user, user.with_grants("permission_grants", [later]))


def make_lasting_equal(world: World) -> User:
    """A user who holds with no expiry what the caller holds for an hour."""
    return hold(world, Permission.USER_VIEW)


@pytest.mark.parametrize(("operation", "body"), REACHING)
@pytest.mark.parametrize("make", [make_group_admin, make_later_superior, make_lasting_equal])
def test_account_of_a_superior_is_out_of_reach(
    world: World,
    operation: Operation[Any, Any],
    body: dict[str, Any] | None,
    make: Callable[[World], User],
) -> None:
    needed = Permission(str(operation.permission))
    until = world.clock.now + HOUR
    caller = hold(world, needed)
    limited = PermissionGrant(user_id=caller.id, permission=Permission.USER_VIEW, ends_at=until)
    grants = [*caller.permission_grants, limited]
    caller = world.change_user(caller, caller.with_grants("permission_grants", grants))
    superior = in_state_for(world, operation, make(world))

    path = {"user_id": superior.id}
    reply = world.invoke(operation, caller=caller.id, path=path, body=body)

    assert reply.status == 403
    assert reply.code in {"target_outranks_caller", "grant_exceeds_own"}
    assert world.user(superior.id) == superior


def test_caller_who_will_hold_more_later_can_change_the_own_name(world: World) -> None:
    caller = hold(world, Permission.USER_UPDATE)
    later = PermissionGrant(
        user_id=caller.id, permission=Permission.ROLE_CREATE, starts_at=world.clock.now + HOUR
    )
    grants = [*caller.permission_grants, later]
    caller = world.change_user(caller, caller.with_grants("permission_grants", grants))
    path = {"user_id": caller.id}
    reply = world.invoke(update_user, caller=caller.id, path=path, body={"name": "Renamed"})
    assert reply.status == 200


def test_expired_grant_makes_no_user_a_superior(world: World) -> None:
    target = hold(world, Permission.ROLE_CREATE, until=world.clock.now - HOUR)
    caller = hold(world, Permission.USER_DISABLE)
    reply = world.invoke(disable_user, caller=caller.id, path={"user_id": target.id}, body={})
    assert reply.status == 200


class TestHoldingForAnHour:
    """What somebody holds for an hour is held by nobody for longer through them."""

    def grant(self, world: World, caller: User, target: User, ends_at: datetime | None) -> Reply:
        given: dict[str, Any] = {"permission": "user.delete"}
        if ends_at:
            given["endsAt"] = ends_at.isoformat()
        return world.invoke(
            replace_user_permissions,
            caller=caller.id,
            path={"user_id": target.id},
            body={"permissions": [given]},
        )

    def test_temporary_permission_can_be_granted_for_at_most_the_same_time(
        self, world: World
    ) -> None:
        until = world.clock.now + HOUR
        caller = hold(world, Permission.PERMISSION_ASSIGN, Permission.USER_DELETE, until=until)
        target = world.add_user()

        for ends_at in (None, until + timedelta(seconds=1)):
            assert self.grant(world, caller, target, ends_at).code == "grant_exceeds_own"
        assert self.grant(world, caller, target, until).status == 200

    def test_second_grant_without_an_expiry_is_sufficient(self, world: World) -> None:
        until = world.clock.now + HOUR
        caller = hold(world, Permission.PERMISSION_ASSIGN, Permission.USER_DELETE, until=until)
        group_id = world.add_group("Deleters", Permission.USER_DELETE)
        world.join_group(caller.id, group_id)
        assert self.grant(world, caller, world.add_user(), None).status == 200

    def test_caller_cannot_extend_their_own_temporary_permission(self, world: World) -> None:
        group_id = world.add_group("Deleters", Permission.USER_DELETE, Permission.GROUP_ASSIGN)
        user, until = world.add_user(), world.clock.now + HOUR
        joined = user.with_membership(group_id, GroupRole.MEMBER, Period(ends_at=until))
        world.change_user(user, joined)

        path = {"user_id": user.id, "group_id": group_id}
        body = {"role": "member", "endsAt": None}
        reply = world.invoke(change_group_role, caller=user.id, path=path, body=body)

        assert (reply.status, reply.code) == (403, "grant_exceeds_own")

    def test_temporary_permission_cannot_be_kept_by_a_group_role_or_second_account(
        self, world: World
    ) -> None:
        until = world.clock.now + HOUR
        caller = hold(
            world,
            Permission.GROUP_CREATE,
            Permission.ROLE_UPDATE,
            Permission.USER_CREATE,
            until=until,
        )
        role_id = world.add_role("Makers")
        granted = ["user.create"]
        replies = [
            world.invoke(
                create_group, caller=caller.id, body={"name": "G", "permissions": granted}
            ),
            world.invoke(
                update_role,
                caller=caller.id,
                path={"role_id": role_id},
                body={"permissions": granted},
            ),
            world.invoke(
                create_user,
                caller=caller.id,
                body={"email": "second@example.com", "permissions": granted},
            ),
        ]
        assert [reply.code for reply in replies] == ["grant_exceeds_own"] * 3

    def test_temporary_group_admin_can_appoint_another_only_for_the_same_time(
        self, world: World
    ) -> None:
        caller, target = hold(world, Permission.GROUP_ASSIGN), world.add_user()
        group_id, until = world.add_group("Writers"), world.clock.now + HOUR
        admin = caller.with_membership(group_id, GroupRole.ADMIN, Period(ends_at=until))
        world.change_user(caller, admin)
        body = {"groupId": group_id, "role": "admin"}

        def add(**period: str) -> Reply:
            return world.invoke(
                add_user_to_group,
                caller=caller.id,
                path={"user_id": target.id},
                body={**body, **period},
            )

        assert add().code == "grant_exceeds_own"
        assert add(endsAt=until.isoformat()).status == 201


def test_organization_of_a_superior_cannot_be_deleted(world: World) -> None:
    role_id = world.add_role("Deleters", Permission.USER_DELETE)
    organization_id = world.add_organization("Acme")
    member = world.add_user()
    world.join_organization(member.id, organization_id, role_id)
    caller = hold(world, Permission.ORGANIZATION_DELETE)

    def delete() -> Reply:
        path = {"organization_id": organization_id}
        return world.invoke(delete_organization, caller=caller.id, path=path)

    assert (delete().status, delete().code) == (403, "target_outranks_caller")
    world.change_user(
        world.user(member.id), world.user(member.id).with_grants("organization_memberships", [])
    )
    assert delete().status == 200


def test_role_with_more_permissions_than_the_caller_cannot_be_deleted(world: World) -> None:
    role_id = world.add_role("Deleters", Permission.USER_DELETE)
    caller = hold(world, Permission.ROLE_DELETE)
    reply = world.invoke(delete_role, caller=caller.id, path={"role_id": role_id})
    assert (reply.status, reply.code) == (403, "target_outranks_caller")


def test_membership_with_active_workspaces_cannot_be_ended_by_an_expiry(world: World) -> None:
    group_id, user = world.add_group("Writers"), world.add_user()
    world.join_group(user.id, group_id)
    world.add_resource(user.id, group_id=group_id)
    path = {"user_id": user.id, "group_id": group_id}
    now = world.clock.now
    times = ({"endsAt": now.isoformat()}, {"startsAt": (now + HOUR).isoformat()})
    for period in times:
        reply = world.invoke(change_group_role, path=path, body={"role": "member", **period})
        assert (reply.status, reply.code) == (409, "active_workspaces")
