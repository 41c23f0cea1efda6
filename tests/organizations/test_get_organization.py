"""GET /admin/organizations/{organizationId} (O1, I12)."""

from __future__ import annotations

from functions.organizations.delete_organization import delete_organization
from functions.organizations.get_organization import get_organization
from tests.world.gateway import Reply
from tests.world.world import World


def get(world: World, organization_id: str) -> Reply:
    return world.invoke(get_organization, path={"organization_id": organization_id})


def test_organization_is_shown_with_its_version(world: World) -> None:
    organization_id = world.add_organization("Acme Corp")
    world.join_organization(world.add_user().id, organization_id)

    reply = get(world, organization_id)

    assert reply.status == 200
    assert reply.headers["ETag"].startswith('"1-')  # the number of members follows
    assert reply.body == {
        "id": organization_id,
        "version": 1,
        "name": "Acme Corp",
        "slug": "acme-corp",
        "defaultRoleId": "rol_user",
        "memberCount": 1,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }


def test_deleted_and_unknown_organizations_have_the_same_answer(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)
    world.invoke(delete_organization, path={"organization_id": organization_id})

    unknown = get(world, "org_unknown")

    assert (unknown.status, unknown.code) == (404, "organization_not_found")
    assert unknown.body["detail"] == "Organization not found"
    assert get(world, organization_id) == unknown
