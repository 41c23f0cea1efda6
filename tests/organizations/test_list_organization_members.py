"""GET /admin/organizations/{organizationId}/members (O1, I12, I19)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.organizations.delete_organization import delete_organization
from functions.organizations.list_organization_members import list_organization_members
from rollcall.grants import built_in_roles
from rollcall.users.statuses import Status
from tests.world.aws_edge import watched
from tests.world.clock import START
from tests.world.gateway import Reply
from tests.world.world import World


def list_them(world: World, organization_id: str, **query: str) -> Reply:
    return world.invoke(
        list_organization_members, path={"organization_id": organization_id}, query=query
    )


def test_members_are_shown_with_role_and_time(world: World) -> None:
    organization_id = world.add_organization("Acme")
    ada = world.add_user("ada@example.com", name="Ada", username="ada")
    bob = world.add_user("bob@example.com", name="Bob", username="bob")
    world.join_organization(ada.id, organization_id, built_in_roles.ADMIN.id)
    world.join_organization(bob.id, organization_id, ends_at=START + timedelta(days=1))
    world.add_user()

    reply = list_them(world, organization_id)

    assert reply.status == 200
    by_id = {
        ada.id: {
            "userId": ada.id,
            "name": "Ada",
            "email": "ada@example.com",
            "username": "ada",
            "status": "active",
            "roleId": "rol_admin",
        },
        bob.id: {
            "userId": bob.id,
            "name": "Bob",
            "email": "bob@example.com",
            "username": "bob",
            "status": "active",
            "roleId": "rol_user",
            "endsAt": "2026-01-06T09:00:00.000Z",
        },
    }
    assert reply.body["items"] == [by_id[user_id] for user_id in sorted(by_id)]
    assert reply.body["pagination"] == {"page": 1, "limit": 25, "total": 2, "totalPages": 1}


def test_pagination_by_cursor_and_by_page_lists_each_once(world: World) -> None:
    organization_id = world.add_organization("Acme")
    members = {world.join_organization(world.add_user().id, organization_id).id for _ in range(5)}

    pages = [list_them(world, organization_id, page=str(n), limit="2").body for n in (1, 2, 3, 4)]
    walked = [list_them(world, organization_id, limit="2").body]
    while cursor := walked[-1]["pagination"].get("nextCursor"):
        walked.append(list_them(world, organization_id, limit="2", cursor=cursor).body)

    assert [page["items"] for page in walked] == [page["items"] for page in pages[:3]]
    listed = [each["userId"] for page in pages for each in page["items"]]
    assert len(listed) == len(members)
    assert set(listed) == members
    assert {page["pagination"]["total"] for page in (*pages, *walked)} == {5}


def test_page_takes_the_same_reads_at_any_size(world: World) -> None:
    organization_id = world.add_organization("Acme")
    for _ in range(4):
        world.join_organization(world.add_user().id, organization_id)

    with watched(world.aws) as seen:
        list_them(world, organization_id)

    operations = [call.operation for call in seen]
    assert operations == ["Query", "GetItem", "Query", "BatchGetItem"], "caller, then the list"


def test_cursor_of_another_organization_is_refused(world: World) -> None:
    one, two = world.add_organization("One"), world.add_organization("Two")
    for organization_id in (one, one, two):
        world.join_organization(world.add_user().id, organization_id)
    cursor = list_them(world, one, limit="1").body["pagination"]["nextCursor"]

    reply = list_them(world, two, limit="1", cursor=cursor)

    assert (reply.status, reply.code) == (400, "cursor_invalid")


def test_disabled_members_are_shown_as_such_and_deleted_users_are_not(world: World) -> None:
    organization_id = world.add_organization("Acme")
    inactive, soft, gone = (
        world.join_organization(world.add_user().id, organization_id) for _ in range(3)
    )
    world.change_user(inactive, inactive.with_status(Status.INACTIVE, world.clock.now))
    world.change_user(soft, soft.as_deleted(world.clock.now))
    world.write(gone, gone.as_erased(world.clock.now))

    items = list_them(world, organization_id).body["items"]

    assert [(each["userId"], each["status"]) for each in items] == [(inactive.id, "inactive")]


@pytest.mark.parametrize("deleted", [False, True])
def test_members_of_an_unknown_organization_are_not_found(world: World, deleted: bool) -> None:
    organization_id = "org_unknown"
    if deleted:
        organization_id = world.add_organization("Acme")
        world.join_organization(world.add_user().id, organization_id)
        world.invoke(delete_organization, path={"organization_id": organization_id})
    reply = list_them(world, organization_id)
    assert (reply.status, reply.code) == (404, "organization_not_found")
