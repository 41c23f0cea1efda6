"""GET /admin/users/{userId}/organizations (O1, I12)."""

from __future__ import annotations

from datetime import timedelta

from functions.organizations.delete_organization import delete_organization
from functions.organizations.list_user_organizations import list_user_organizations
from rollcall.grants import built_in_roles
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, user_id: str) -> Reply:
    return world.invoke(list_user_organizations, path={"user_id": user_id})


def test_documented_answer(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme Corp")
    world.join_organization(user.id, organization_id, built_in_roles.ADMIN.id)

    reply = list_them(world, user.id)

    assert (reply.status, reply.body) == (
        200,
        {
            "data": [
                {
                    "organizationId": organization_id,
                    "organizationName": "Acme Corp",
                    "roleId": "rol_admin",
                    "roleName": "Admin",
                }
            ]
        },
    )


def test_current_future_and_expired_memberships_are_sorted_by_name(world: World) -> None:
    user = world.add_user()
    beta, alpha, gamma = (world.add_organization(name) for name in ("beta", "Alpha", "gamma"))
    world.join_organization(user.id, beta, ends_at=START - timedelta(days=1))
    world.join_organization(user.id, alpha, starts_at=START + timedelta(days=1))
    world.join_organization(user.id, gamma)

    data = list_them(world, user.id).body["data"]

    times = [(each["organizationName"], each.get("startsAt"), each.get("endsAt")) for each in data]
    assert times == [
        ("Alpha", "2026-01-06T09:00:00.000Z", None),
        ("beta", None, "2026-01-04T09:00:00.000Z"),
        ("gamma", None, None),
    ]


def test_all_names_take_one_request(world: World) -> None:
    user = world.add_user()
    for number in range(4):
        world.join_organization(user.id, world.add_organization(f"Number {number}"))

    with watched(world.aws) as seen:
        list_them(world, user.id)

    assert [call.operation for call in seen] == ["Query", "Query", "BatchGetItem"]


def test_user_without_organizations_has_an_empty_list(world: World) -> None:
    assert list_them(world, world.add_user().id).body == {"data": []}


def test_deleted_organization_is_not_shown(world: World) -> None:
    user, organization_id = world.add_user(), world.add_organization("Acme")
    world.join_organization(user.id, organization_id)
    world.invoke(delete_organization, path={"organization_id": organization_id})
    assert list_them(world, user.id).body == {"data": []}


def test_unknown_and_erased_users_are_not_found(world: World) -> None:
    gone = world.add_user()
    world.change_user(gone, gone.as_erased(world.clock.now))
    for user_id in ("usr_unknown", gone.id):
        reply = list_them(world, user_id)
        assert (reply.status, reply.body["detail"]) == (404, "User not found")
