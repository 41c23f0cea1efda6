"""Concurrent writes to roles: an assignment and a deletion, two replacements, an assignment and a
change that adds permissions (I4, I8, I9, R4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from functions.organizations.create_organization import create_organization
from functions.organizations.replace_user_organizations import replace_user_organizations
from functions.organizations.update_organization import update_organization
from functions.roles.delete_role import delete_role
from functions.roles.get_role import get_role
from functions.roles.replace_user_permissions import replace_user_permissions
from functions.roles.replace_user_roles import replace_user_roles
from functions.roles.update_role import update_role
from functions.users.create_user import create_user
from rollcall.grants.grant import RoleGrant
from rollcall.grants.holders import holders_of_role
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit import transaction as transaction_module
from rollcall.kit.entity import Counter, Entity
from rollcall.kit.operation import Operation
from rollcall.users.user import ADMINS
from tests.faults.invariants import check_always, check_settled
from tests.faults.races import race
from tests.world.gateway import Reply
from tests.world.world import World

type Action = Callable[[], Reply]
BOTH_WAYS = pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first", "second"])


def settled(world: World) -> None:
    """All invariants hold after the reactions."""
    assert check_always(world) == []
    world.drain()
    assert check_settled(world) == []


def roles_of(
    world: World, user_id: str, *roles: Any, caller: str = "", version: int | None = None
) -> Action:
    """A caller replaces a user's roles, optionally only at this version."""
    return partial(
        world.invoke,
        replace_user_roles,
        caller=caller,
        path={"user_id": user_id},
        headers={"If-Match": f'"{version}"'} if version else None,
        body={"roleIds": roles},
    )


def deletion(world: World, role_id: str) -> Action:
    """The admin deleting a role."""
    return partial(world.invoke, delete_role, path={"role_id": role_id})


def update(world: World, role_id: str, version: int | None = None, **body: Any) -> Action:
    """The admin changing a role, perhaps only at this version."""
    headers = {"If-Match": f'"{version}"'} if version else None
    path = {"role_id": role_id}
    return partial(world.invoke, update_role, path=path, headers=headers, body=body)


def _in_organization(world: World, role_id: str) -> Action:
    places = [{"organizationId": world.add_organization("Acme"), "roleId": role_id}]
    path = {"user_id": world.add_user().id}
    body = {"memberships": places}
    return partial(world.invoke, replace_user_organizations, path=path, body=body)


def _by_default(world: World, role_id: str) -> Action:
    path = {"organization_id": world.add_organization("Acme")}
    body = {"defaultRoleId": role_id}
    return partial(world.invoke, update_organization, path=path, body=body)


ASSIGNMENTS: Mapping[str, Callable[[World, str], Action]] = {
    "to a user": lambda world, role_id: roles_of(world, world.add_user().id, role_id),
    "to a new user": lambda world, role_id: partial(
        world.invoke, create_user, body={"email": "new@example.com", "roles": [role_id]}
    ),
    "to a member of an organization": _in_organization,
    "as the default of an organization": _by_default,
    "as the default of a new organization": lambda world, role_id: partial(
        world.invoke, create_organization, body={"name": "New", "defaultRoleId": role_id}
    ),
}


@BOTH_WAYS
@pytest.mark.parametrize("way", ASSIGNMENTS)
def test_role_that_is_assigned_during_its_deletion_never_has_holders_once_deleted(
    world: World, way: str, order: tuple[int, ...]
) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    give = ASSIGNMENTS[way](world, role_id)

    given, deleted = race(world, [give, deletion(world, role_id)], order)

    if order[0] == 0:
        assert given.status in {200, 201}
        assert (deleted.status, deleted.code) == (409, "role_in_use")
        assert world.runtime.table.load(Role, role_id).holder_count == 1
    else:
        assert (given.status, given.code) == (404, "role_not_found")
        assert deleted.status == 200
        assert not [item for item in world.items() if item.get("roleId") == role_id]
    settled(world)


@BOTH_WAYS
def test_role_that_is_removed_during_its_deletion_has_no_holders(
    world: World, order: tuple[int, ...]
) -> None:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    world.give_role(user.id, role_id)

    taken, deleted = race(world, [roles_of(world, user.id), deletion(world, role_id)], order)

    assert taken.status == 200
    # The deletion may have read that a user has the role; then it commits nothing.
    assert (deleted.status, deleted.body.get("code")) in {(200, None), (409, "role_in_use")}
    settled(world)


@BOTH_WAYS
def test_role_that_is_changed_during_its_deletion_is_deleted(
    world: World, order: tuple[int, ...]
) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)

    changed, deleted = race(
        world,
        [update(world, role_id, permissions=["user.create"]), deletion(world, role_id)],
        order,
    )

    assert deleted.status == 200
    assert changed.status == (200 if order[0] == 0 else 404)
    settled(world)


SENDING: Mapping[str, tuple[Operation[Any, Any], str, list[Any]]] = {
    "roles": (replace_user_roles, "roleIds", ["rol_one", "rol_two"]),
    "permissions": (replace_user_permissions, "permissions", ["user.view", "user.create"]),
}


def two_replacements(world: World, what: str, user_id: str, version: int | None) -> list[Action]:
    """Two replacements by the admin with different values."""
    operation, field, sent = SENDING[what]
    if operation is replace_user_roles:
        sent = [world.add_role(name) for name in sent]
    headers = {"If-Match": f'"{version}"'} if version else None
    path = {"user_id": user_id}
    return [
        partial(world.invoke, operation, path=path, headers=headers, body={field: [each]})
        for each in sent
    ]


@BOTH_WAYS
@pytest.mark.parametrize("what", SENDING)
def test_one_of_two_replacements_of_the_same_version_succeeds(
    world: World, what: str, order: tuple[int, ...]
) -> None:
    user = world.add_user()

    replies = race(world, two_replacements(world, what, user.id, user.version), order)

    assert [replies[each].status for each in order] == [200, 412]
    after = world.user(user.id)
    assert (after.version, len(list(after.grants))) == (2, 1)
    settled(world)


@BOTH_WAYS
@pytest.mark.parametrize("what", SENDING)
def test_later_of_two_replacements_without_a_version_replaces_all(
    world: World, what: str, order: tuple[int, ...]
) -> None:
    user = world.add_user()

    replies = race(world, two_replacements(world, what, user.id, None), order)

    assert [reply.status for reply in replies] == [200, 200]
    (held,) = world.user(user.id).grants
    later = replies[order[1]].body
    assert [held.subject] == later["roles"] + later["permissions"]
    settled(world)


@BOTH_WAYS
def test_one_of_two_permission_changes_of_the_same_version_of_a_role_succeeds(
    world: World, order: tuple[int, ...]
) -> None:
    role_id, sent = world.add_role("Support"), (["user.view"], ["user.create"])

    actions = [update(world, role_id, version=1, permissions=each) for each in sent]
    replies = race(world, actions, order)

    assert [replies[each].status for each in order] == [200, 412]
    role = world.invoke(get_role, path={"role_id": role_id}).body
    assert role["permissions"] == sent[order[0]]
    settled(world)


def test_concurrent_permission_changes_of_different_roles_all_succeed(world: World) -> None:
    roles = [world.add_role(f"Role {number}") for number in range(4)]

    replies = race(world, [update(world, each, permissions=["user.view"]) for each in roles])

    assert [reply.status for reply in replies] == [200] * 4
    for role_id in roles:
        shown = world.invoke(get_role, path={"role_id": role_id}).body
        assert shown["permissions"] == ["user.view"]
    settled(world)


@BOTH_WAYS
def test_role_that_has_just_gained_permissions_cannot_be_assigned_by_a_caller_without_them(
    world: World, order: tuple[int, ...]
) -> None:
    world.add_role("Another", Permission.USER_VIEW)
    role_id, user = world.add_role("Support"), world.add_user()
    caller = world.add_user(permissions=(Permission.ROLE_ASSIGN,))
    give = roles_of(world, user.id, role_id, caller=caller.id)

    given, changed = race(world, [give, update(world, role_id, permissions=["user.delete"])], order)

    assert changed.status == 200
    if order[0] == 0:
        assert given.status == 200
    else:
        assert (given.status, given.code) == (403, "grant_exceeds_own")
        assert not world.user(user.id).role_grants
    settled(world)


@BOTH_WAYS
@pytest.mark.parametrize("how", ["taken from the caller", "changed"])
def test_caller_who_has_just_lost_the_permission_cannot_assign_roles(
    world: World, how: str, order: tuple[int, ...]
) -> None:
    right = world.add_role("Assigners", Permission.ROLE_ASSIGN)
    idle, user, caller = world.add_role("Idle"), world.add_user(), world.add_user()
    world.give_role(caller.id, right)
    lose = (
        roles_of(world, caller.id)
        if how == "taken from the caller"
        else update(world, right, permissions=[])
    )

    given, lost = race(world, [roles_of(world, user.id, idle, caller=caller.id), lose], order)

    assert lost.status == 200
    if order[0] == 0:
        assert given.status == 200
    else:
        assert (given.status, given.code) == (403, "permission_missing")
        assert not world.user(user.id).role_grants
    settled(world)


@BOTH_WAYS
def test_one_of_two_admins_who_remove_each_others_role_system_remains(
    world: World, order: tuple[int, ...]
) -> None:
    other = world.add_user(is_admin=True).id
    pairs = [(world.admin_id, other), (other, world.admin_id)]

    replies = race(world, [roles_of(world, target, caller=who) for who, target in pairs], order)

    assert replies[order[0]].status == 200
    assert replies[order[1]].status in {403, 409}
    assert world.count(ADMINS) == 1
    settled(world)


def unguarded(role_id: str) -> Counter:
    """A planted bug: a counter of holders without a condition that the role exists."""
    return holders_of_role(role_id)._replace(holder=None)


def version_alone(entity: Entity) -> tuple[str, dict[str, Any]]:
    """Another planted bug: the condition of a change without the counters of the item."""
    return "version = :version", {":version": entity.version}


def test_assignment_of_a_missing_role_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(RoleGrant, "counts", lambda grant: {unguarded(grant.role_id): 1})
    role_id, user = world.add_role("Support"), world.add_user()

    race(world, [roles_of(world, user.id, role_id), deletion(world, role_id)], (1, 0))

    assert f"R1: {user.id} has the role {role_id}, which does not exist" in check_settled(world)


def test_deletion_of_a_role_that_was_just_assigned_is_caught(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(transaction_module, "as_read", version_alone)
    role_id, user = world.add_role("Support"), world.add_user()

    race(world, [roles_of(world, user.id, role_id), deletion(world, role_id)], (0, 1))

    assert f"R1: {user.id} has the role {role_id}, which does not exist" in check_settled(world)
