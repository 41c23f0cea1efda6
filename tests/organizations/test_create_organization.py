"""POST /admin/organizations (O1, R4, A1, I6, I7)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.organizations.create_organization import create_organization
from rollcall.grants import built_in_roles
from rollcall.grants.organization import SLUG, Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.entity import Claim
from tests.faults.races import COMMIT
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World


def create(world: World, caller: str = "", key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(create_organization, caller=caller, body=body, headers=headers)


def holders(world: World, role_id: str) -> int:
    role = world.runtime.table.find(Role, role_id)
    assert role is not None
    return role.holder_count


def test_organization_is_created_with_a_generated_slug_and_the_role_user(world: World) -> None:
    reply = create(world, name="  Acme Corp ", description="Makes\neverything")

    assert reply.status == 201
    assert reply.headers["ETag"] == '"1"'
    assert reply.body == {
        "id": reply.body["id"],
        "version": 1,
        "name": "Acme Corp",
        "slug": "acme-corp",
        "description": "Makes\neverything",
        "defaultRoleId": "rol_user",
        "memberCount": 0,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }
    assert reply.body["id"].startswith("org_")
    assert world.count(Organization.total()) == 1


def test_requested_slug_and_default_role_are_used(world: World) -> None:
    role_id = world.add_role("Partner")

    reply = create(world, name="Acme Corp", slug="acme", defaultRoleId=role_id)

    assert (reply.body["slug"], reply.body["defaultRoleId"]) == ("acme", role_id)
    assert holders(world, role_id) == 1, "it cannot be deleted while it is somebody's default"


def test_journal_has_the_actor_the_organization_and_the_reason(world: World) -> None:
    made = create(world, name="Acme Corp", reason="New customer")

    (entry,) = world.journal(made.body["id"])
    assert (entry.action, entry.actor.id, entry.reason) == (
        "create_organization",
        world.admin_id,
        "New customer",
    )
    changes = {name: (change.before, change.after) for name, change in entry.changes.items()}
    assert changes == {
        "id": (None, made.body["id"]),
        "name": (None, "Acme Corp"),
        "slug": (None, "acme-corp"),
        "defaultRoleId": (None, "rol_user"),
    }


def test_generated_slug_that_is_taken_gets_a_number(world: World) -> None:
    slugs = [
        create(world, name=name).body["slug"] for name in ("Acme", "ACME", "acme!", "株式会社")
    ]
    assert slugs == ["acme", "acme-2", "acme-3", "organization"]


def test_random_slug_is_used_when_every_number_is_taken(
    world: World,
) -> None:
    for slug in ("acme", *(f"acme-{number}" for number in range(2, 52))):
        world.put_claim(Claim(SLUG, slug))

    with watched(world.aws) as seen:
        slug = create(world, name="Acme").body["slug"]

    assert slug.startswith("acme-")
    assert len(slug) == len("acme-12345678")
    assert [call.operation for call in seen].count(COMMIT) == 2


def test_requested_slug_that_is_taken_is_refused(world: World) -> None:
    world.add_organization("Acme")
    stored = world.stored()

    reply = create(world, name="Another", slug="acme")

    assert (reply.status, reply.code, reply.fields) == (409, "organization_slug_taken", ["slug"])
    assert reply.body["detail"] == "Slug already exists"
    assert world.stored() == stored


def test_two_organizations_can_have_the_same_name(world: World) -> None:
    first, second = create(world, name="Acme"), create(world, name="Acme")
    assert first.body["id"] != second.body["id"]


def test_unknown_role_is_not_found(world: World) -> None:
    stored = world.stored()

    reply = create(world, name="Acme", defaultRoleId="rol_unknown")

    assert (reply.status, reply.body["detail"]) == (404, "Role not found")
    assert world.stored() == stored


def test_default_role_cannot_grant_permissions_that_the_caller_lacks(
    world: World,
) -> None:
    caller = world.add_user(permissions=(Permission.ORGANIZATION_CREATE, Permission.USER_VIEW))
    deleter = world.add_role("Deleter", Permission.USER_DELETE)
    viewer = world.add_role("Viewer", Permission.USER_VIEW)

    refused = create(world, caller=caller.id, name="Acme", defaultRoleId=deleter)
    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    assert "user.delete" in refused.body["detail"]
    assert create(world, caller=caller.id, name="Acme", defaultRoleId=viewer).status == 201
    assert create(world, caller=caller.id, name="Another").status == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "Acme", "slug": ""}, ["slug"]),
        ({"name": "Acme", "slug": "Acme"}, ["slug"]),
        ({"name": "Acme", "slug": "acme_corp"}, ["slug"]),
        ({"name": "Acme", "slug": "-acme"}, ["slug"]),
        ({"name": "Acme", "slug": "x" * 64}, ["slug"]),
        ({"name": "Acme", "defaultRoleId": built_in_roles.SYSTEM.id}, ["defaultRoleId"]),
        ({"name": "Acme", "defaultRoleId": 7}, ["defaultRoleId"]),
        ({"name": "Acme", "memberCount": 7, "owner": "usr_1"}, ["memberCount", "owner"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    stored = world.stored()
    reply = create(world, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)
    assert world.stored() == stored


def test_same_key_creates_one_organization(world: World) -> None:
    first = create(world, key="key-1", name="Acme")
    assert create(world, key="key-1", name="Acme") == first
    assert world.count(Organization.total()) == 1
