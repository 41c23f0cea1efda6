"""PATCH /admin/organizations/{organizationId} (O1, R4, A1, I6, I8)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from functions.organizations.delete_organization import delete_organization
from functions.organizations.list_organizations import list_organizations
from functions.organizations.update_organization import update_organization
from rollcall.grants import built_in_roles
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.world import World


def update(
    world: World, organization_id: str, *, caller: str = "", if_match: str = "", **body: Any
) -> Reply:
    headers = {"If-Match": if_match} if if_match else {}
    return world.invoke(
        update_organization,
        caller=caller,
        path={"organization_id": organization_id},
        body=body,
        headers=headers,
    )


def holders(world: World, role_id: str) -> int:
    role = world.runtime.table.find(Role, role_id)
    assert role is not None
    return role.holder_count


def test_all_fields_can_be_changed_together(world: World) -> None:
    organization_id, role_id = world.add_organization("Acme Corp"), world.add_role("Partner")

    reply = update(
        world,
        organization_id,
        name="Apex",
        slug="apex",
        description="Formerly Acme",
        defaultRoleId=role_id,
        reason="Bought",
    )

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    shown = ("name", "slug", "description", "defaultRoleId")
    assert [reply.body[name] for name in shown] == ["Apex", "apex", "Formerly Acme", role_id]
    entry = world.journal(organization_id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "update_organization",
        world.admin_id,
        "Bought",
    )
    changes = {name: (change.before, change.after) for name, change in entry.changes.items()}
    assert changes == {
        "name": ("Acme Corp", "Apex"),
        "slug": ("acme-corp", "apex"),
        "description": (None, "Formerly Acme"),
        "defaultRoleId": ("rol_user", role_id),
    }


def test_previous_default_role_can_be_deleted_again(world: World) -> None:
    organization_id, role_id = world.add_organization("Acme"), world.add_role("Partner")
    before = holders(world, built_in_roles.USER.id)

    update(world, organization_id, defaultRoleId=role_id)

    assert (holders(world, built_in_roles.USER.id), holders(world, role_id)) == (before - 1, 1)


def test_slug_stays_when_the_name_changes(world: World) -> None:
    organization_id = world.add_organization("Acme Corp")
    reply = update(world, organization_id, name="Apex")
    assert (reply.body["name"], reply.body["slug"]) == ("Apex", "acme-corp")


def test_absent_fields_stay_the_same_and_null_clears_the_description(world: World) -> None:
    organization_id = world.add_organization("Acme")
    update(world, organization_id, description="Makes everything")
    assert update(world, organization_id, name="Apex").body["description"] == "Makes everything"
    assert "description" not in update(world, organization_id, description=None).body


def test_list_shows_the_new_name(world: World) -> None:
    organization_id = world.add_organization("Zeta")
    world.add_organization("Beta")

    update(world, organization_id, name="Alpha")

    listed = world.invoke(list_organizations).body["items"]
    assert [each["name"] for each in listed] == ["Alpha", "Beta"]


def test_old_slug_is_free_and_the_new_one_taken(world: World) -> None:
    one, two = world.add_organization("One"), world.add_organization("Two")

    refused = update(world, two, slug="one")
    assert (refused.status, refused.code, refused.fields) == (
        409,
        "organization_slug_taken",
        ["slug"],
    )
    update(world, one, slug="uno")
    assert update(world, two, slug="one").body["slug"] == "one"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": None, "slug": None, "defaultRoleId": None}, ["defaultRoleId", "name", "slug"]),
        ({"name": " "}, ["name"]),
        ({"slug": "Acme"}, ["slug"]),
        ({"defaultRoleId": built_in_roles.SYSTEM.id}, ["defaultRoleId"]),
        ({"memberCount": 0}, ["memberCount"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    organization_id = world.add_organization("Acme")
    stored = world.stored()
    reply = update(world, organization_id, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)
    assert world.stored() == stored


def test_change_without_effect_creates_no_version(world: World) -> None:
    organization_id = world.add_organization("Acme")
    stored = world.stored()

    reply = update(world, organization_id, name="Acme", slug="acme", defaultRoleId="rol_user")

    assert (reply.status, reply.body["version"]) == (200, 1)
    assert world.stored() == stored


def test_stale_version_is_refused(world: World) -> None:
    organization_id = world.add_organization("Acme")
    update(world, organization_id, if_match='"1"', name="Apex")

    reply = update(world, organization_id, if_match='"1"', name="Acme again")

    assert (reply.status, reply.code) == (412, "stale_version")
    assert world.organization(organization_id).name == "Apex"


def test_members_added_meanwhile_are_still_counted(world: World) -> None:
    organization_id, user = world.add_organization("Acme"), world.add_user()
    join = partial(world.join_organization, user.id, organization_id)

    with meanwhile(world, COMMIT, join):
        reply = update(world, organization_id, name="Apex")

    assert (reply.body["memberCount"], reply.body["version"]) == (1, 2)
    assert world.organization(organization_id).member_count == 1


def test_unknown_role_and_organization_are_not_found(world: World) -> None:
    organization_id, gone = world.add_organization("Acme"), world.add_organization("Gone")
    world.invoke(delete_organization, path={"organization_id": gone})
    stored = world.stored()

    for reply, detail in (
        (update(world, organization_id, defaultRoleId="rol_unknown"), "Role not found"),
        (update(world, "org_unknown", name="Apex"), "Organization not found"),
        (update(world, gone, name="Apex"), "Organization not found"),
    ):
        assert (reply.status, reply.body["detail"]) == (404, detail)
    assert world.stored() == stored


def test_default_role_cannot_grant_permissions_that_the_caller_lacks(
    world: World,
) -> None:
    deleter = world.add_role("Deleter", Permission.USER_DELETE)
    organization_id = world.add_organization("Acme")
    caller = world.add_user(permissions=(Permission.ORGANIZATION_UPDATE,))

    refused = update(world, organization_id, caller=caller.id, defaultRoleId=deleter)

    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    update(world, organization_id, defaultRoleId=deleter)
    renamed = update(world, organization_id, caller=caller.id, name="Apex", defaultRoleId=deleter)
    assert renamed.status == 200, "what is so already is not passed on by the caller"


def test_role_that_grants_more_before_the_commit_is_checked_again(world: World) -> None:
    world.add_role("First", Permission.USER_VIEW)
    harmless = world.add_role("Harmless", Permission.USER_VIEW)
    organization_id = world.add_organization("Acme")
    caller = world.add_user(permissions=(Permission.ORGANIZATION_UPDATE, Permission.USER_VIEW))
    extend = partial(world.grant_to_role, harmless, (Permission.USER_DELETE,))

    with meanwhile(world, COMMIT, extend):
        reply = update(world, organization_id, caller=caller.id, defaultRoleId=harmless)

    assert (reply.status, reply.code) == (403, "grant_exceeds_own")
    assert world.organization(organization_id).default_role_id == "rol_user"
