"""Concurrent writes to organizations: two replacements of a user's memberships, a join and a
deletion, two claims of one slug (I5, I8, O1, O2).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from functions.organizations.create_organization import create_organization
from functions.organizations.delete_organization import delete_organization
from functions.organizations.replace_user_organizations import replace_user_organizations
from functions.organizations.update_organization import update_organization
from functions.users.get_me import get_me
from rollcall.grants import built_in_roles
from rollcall.grants.permissions import Permission
from tests.faults.invariants import check_settled
from tests.faults.races import race
from tests.world.gateway import Reply
from tests.world.world import World

ORDERS = [(0, 1), (1, 0)]


def replacing(
    world: World, user_id: str, *places: dict[str, Any], if_match: str = ""
) -> Callable[[], Reply]:
    """The admin setting a user's organizations."""
    return partial(
        world.invoke,
        replace_user_organizations,
        path={"user_id": user_id},
        body={"memberships": list(places)},
        headers={"If-Match": if_match} if if_match else {},
    )


def deleting(world: World, organization_id: str) -> Callable[[], Reply]:
    """The admin deleting an organization."""
    return partial(world.invoke, delete_organization, path={"organization_id": organization_id})


def settled(world: World) -> None:
    """All invariants hold after the reactions."""
    world.drain()
    assert check_settled(world) == []


@pytest.mark.parametrize("order", ORDERS)
def test_one_of_two_replacements_of_the_same_version_succeeds(
    world: World, order: tuple[int, ...]
) -> None:
    user = world.add_user()
    places = [{"organizationId": world.add_organization(name)} for name in ("One", "Two")]

    replies = race(
        world, [replacing(world, user.id, each, if_match='"1"') for each in places], order
    )

    assert [replies[each].status for each in order] == [200, 412]
    (held,) = world.user(user.id).organization_memberships
    assert held.organization_id == places[order[0]]["organizationId"]
    settled(world)


@pytest.mark.parametrize("order", ORDERS)
def test_later_of_two_replacements_without_a_version_replaces_all(
    world: World, order: tuple[int, ...]
) -> None:
    user = world.add_user()
    places = [{"organizationId": world.add_organization(name)} for name in ("One", "Two")]

    replies = race(world, [replacing(world, user.id, each) for each in places], order)

    later = replies[order[1]]
    assert [reply.status for reply in replies] == [200, 200]
    assert later.body["removed"] == [places[order[0]]["organizationId"]]
    (held,) = world.user(user.id).organization_memberships
    assert held.organization_id == places[order[1]]["organizationId"]
    settled(world)


@pytest.mark.parametrize("order", ORDERS)
def test_joining_during_a_deletion_leaves_no_membership_and_no_permissions(
    world: World, order: tuple[int, ...]
) -> None:
    role_id = world.add_role("Viewer", Permission.USER_VIEW)
    user, organization_id = world.add_user(), world.add_organization("Acme")
    place = {"organizationId": organization_id, "roleId": role_id}

    joined, deleted = race(
        world,
        [replacing(world, user.id, place), deleting(world, organization_id)],
        order,
    )

    first = order == (0, 1)
    assert (joined.status, deleted.status) == (200 if first else 404, 200)
    assert deleted.body["membershipsPending"] == int(first)
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == []
    settled(world)
    assert world.user(user.id).organization_memberships == ()


@pytest.mark.parametrize("order", ORDERS)
def test_changing_a_role_during_a_deletion_leaves_no_permissions(
    world: World, order: tuple[int, ...]
) -> None:
    role_id = world.add_role("Viewer", Permission.USER_VIEW)
    user, organization_id = world.add_user(), world.add_organization("Acme")
    world.join_organization(user.id, organization_id, built_in_roles.GUEST.id)
    place = {"organizationId": organization_id, "roleId": role_id}

    changed, deleted = race(
        world,
        [replacing(world, user.id, place), deleting(world, organization_id)],
        order,
    )

    assert deleted.status == 200
    assert changed.status in {200, 404}
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == []
    settled(world)


def test_concurrent_joins_are_all_counted(world: World) -> None:
    organization_id = world.add_organization("Acme")
    users = [world.add_user() for _ in range(6)]
    place = {"organizationId": organization_id}

    replies = race(world, [replacing(world, user.id, place) for user in users], range(5, -1, -1))

    assert {reply.status for reply in replies} == {200}
    assert world.organization(organization_id).member_count == 6
    settled(world)


def test_concurrent_deletions_delete_once(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)

    replies = race(world, [deleting(world, organization_id) for _ in range(4)])

    assert [reply.status for reply in replies] == [200, 404, 404, 404]
    settled(world)


def test_concurrent_organizations_with_the_same_name_get_different_slugs(world: World) -> None:
    create = partial(world.invoke, create_organization, body={"name": "Acme"})

    replies = race(world, [create] * 5)

    slugs = {reply.body["slug"] for reply in replies}
    assert slugs == {"acme", "acme-2", "acme-3", "acme-4", "acme-5"}
    settled(world)


@pytest.mark.parametrize("order", ORDERS)
def test_one_of_two_claims_of_a_slug_succeeds(world: World, order: tuple[int, ...]) -> None:
    organization_id = world.add_organization("Other")
    actions = [
        partial(world.invoke, create_organization, body={"name": "New", "slug": "acme"}),
        partial(
            world.invoke,
            update_organization,
            path={"organization_id": organization_id},
            body={"slug": "acme"},
        ),
    ]

    replies = race(world, actions, order)

    assert replies[order[0]].status in {200, 201}
    assert replies[order[1]].code == "organization_slug_taken"
    settled(world)
