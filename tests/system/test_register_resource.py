"""POST /system/resources (W2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.groups.delete_group import delete_group
from functions.groups.remove_user_from_group import remove_user_from_group
from functions.system.register_resource import register_resource
from functions.system.remove_resource import remove_resource
from functions.users.delete_user import delete_user
from functions.users.get_user import get_user
from rollcall.grants.grant import Period
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply, make_event
from tests.world.world import CLIENT_ID, World


def register(world: World, key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else None
    return world.invoke(register_resource, body=body, headers=headers)


def add_member(world: World, group_id: str) -> User:
    user = world.add_user()
    return world.change_user(user, user.with_membership(group_id))


def test_documented_request(world: World) -> None:
    group_id = world.add_group("Writers")
    owner = add_member(world, group_id)

    reply = register(
        world,
        type="workspace",
        userId=owner.id,
        name="Field notes",
        groupId=group_id,
        externalId="ws-1",
    )

    assert (reply.status, reply.headers["ETag"]) == (201, '"1"')
    resource_id = reply.body["id"]
    assert resource_id.startswith("wsp_")
    assert reply.body == {
        "id": resource_id,
        "version": 1,
        "type": "workspace",
        "userId": owner.id,
        "name": "Field notes",
        "groupId": group_id,
        "externalId": "ws-1",
        "active": True,
        "orphaned": False,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }
    entry = world.journal(resource_id)[-1]
    assert (entry.action, entry.actor.kind, entry.actor.id) == (
        "register_resource",
        "client",
        CLIENT_ID,
    )
    assert {name: change.after for name, change in entry.changes.items()} == {
        "id": resource_id,
        "type": "workspace",
        "userId": owner.id,
        "name": "Field notes",
        "groupId": group_id,
        "externalId": "ws-1",
        "active": True,
        "orphaned": False,
    }


def test_owner_and_group_count_the_resource_immediately(world: World) -> None:
    group_id = world.add_group("Writers")
    owner = add_member(world, group_id)

    for resource_type in ("workspace", "workspace", "persona"):
        register(world, type=resource_type, userId=owner.id, groupId=group_id)
    register(world, type="workspace", userId=owner.id, groupId=group_id, active=False)

    shown = world.invoke(get_user, path={"user_id": owner.id}).body
    assert shown["resources"] == {"workspace": 3, "persona": 1}
    assert shown["workspaceCount"] == 3
    assert shown["version"] == owner.version, "what is owned is no version of the owner"
    group = world.runtime.table.load(Group, group_id)
    assert group.active_workspace_count == 2


def test_ids_of_other_resources_have_their_own_prefix(world: World) -> None:
    reply = register(world, type="api-key", userId=world.add_user().id)
    assert reply.body["id"].startswith("res_")


def test_unknown_type_is_refused(world: World) -> None:
    reply = register(world, type="spaceship", userId=world.add_user().id)

    assert (reply.status, reply.fields) == (422, ["type"])
    assert reply.body["errors"][0]["code"] == "unknown_type"
    assert "persona" in reply.body["detail"]


def test_type_of_the_deployment_is_accepted(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"resource_types": "invoice=refuse"})
    world.runtime = replace(world.runtime, settings=settings)

    reply = register(world, type="invoice", userId=world.add_user().id)

    assert (reply.status, reply.body["type"]) == (201, "invoice")


def test_unknown_or_deleted_owner_is_refused(world: World) -> None:
    user, erased = world.add_user(), world.add_user()
    world.change_user(user, user.as_deleted(world.clock.now))
    world.change_user(erased, erased.as_erased(world.clock.now))

    for owner_id, status, code in (
        ("usr_unknown", 404, "user_not_found"),
        (erased.id, 404, "user_not_found"),
        (user.id, 409, "user_deleted"),
    ):
        reply = register(world, type="persona", userId=owner_id)
        assert (reply.status, reply.code) == (status, code)


def test_disabled_owner_is_accepted(world: World) -> None:
    owner = world.add_user(status=Status.INACTIVE)
    assert register(world, type="persona", userId=owner.id).status == 201


@pytest.mark.parametrize("resource_type", ["workspace", "persona"])
@pytest.mark.parametrize("active", [True, False])
def test_owner_must_be_in_the_group(world: World, resource_type: str, active: bool) -> None:
    owner, group_id = world.add_user(), world.add_group("Writers")
    stored = world.stored()

    for named in (group_id, "grp_unknown"):
        reply = register(world, type=resource_type, userId=owner.id, groupId=named, active=active)
        assert (reply.status, reply.code) == (409, "owner_not_in_group")

    assert world.stored() == stored


def test_membership_of_the_owner_must_be_in_force(world: World) -> None:
    group_id, owner = world.add_group("Writers"), world.add_user()
    box = Period(
        starts_at=world.clock.now + timedelta(days=1), ends_at=world.clock.now + timedelta(days=2)
    )
    world.change_user(owner, owner.with_membership(group_id, period=box))
    body = {"type": "workspace", "userId": owner.id, "groupId": group_id}

    statuses = []
    for _ in range(3):
        statuses.append(register(world, **body).status)
        world.clock.advance(days=1)

    assert statuses == [409, 201, 409]


@pytest.mark.parametrize("resource_type", ["workspace", "persona"])
@pytest.mark.parametrize("active", [True, False])
def test_deleted_group_is_refused(world: World, resource_type: str, active: bool) -> None:
    group_id = world.add_group("Writers")
    owner = add_member(world, group_id)
    world.invoke(delete_group, path={"group_id": group_id})  # its memberships are still there

    reply = register(world, type=resource_type, userId=owner.id, groupId=group_id, active=active)

    assert (reply.status, reply.code) == (404, "group_not_found")


def test_external_id_is_unique_within_its_type(world: World) -> None:
    owner = world.add_user()
    first = register(world, type="persona", userId=owner.id, externalId="p-1")

    second = register(world, type="persona", userId=world.add_user().id, externalId="p-1")
    other_type = register(world, type="ontology", userId=owner.id, externalId="p-1")

    assert (second.status, second.code, second.fields) == (409, "resource_taken", ["externalId"])
    assert other_type.status == 201
    world.invoke(remove_resource, path={"resource_id": first.body["id"]})
    assert register(world, type="persona", userId=owner.id, externalId="p-1").status == 201


def test_same_request_with_the_same_key_registers_once(world: World) -> None:
    body = {"type": "persona", "userId": world.add_user().id}

    first = register(world, "key-1", **body)

    assert register(world, "key-1", **body) == first
    assert register(world, "key-1", **body, name="Other").status == 422
    assert len([e for e in world.journal() if e.action == "register_resource"]) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["type", "userId"]),
        ({"type": "persona", "userId": "usr_1", "owner": "x"}, ["owner"]),
        ({"type": "persona", "userId": "usr_1", "active": None}, ["active"]),
        (
            {"type": "persona", "userId": "usr_1", "name": "", "externalId": " "},
            ["externalId", "name"],
        ),
        ({"type": "p" * 41, "userId": "usr_1", "groupId": ""}, ["groupId", "type"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    reply = register(world, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)


def test_only_services_with_the_scope_register(world: World) -> None:
    owner = world.add_user()
    body = {"type": "persona", "userId": owner.id}

    person = world.invoke(register_resource, caller=world.admin_id, body=body)
    claims = {"client_id": CLIENT_ID, "scope": "rollcall/other"}
    event = make_event(register_resource, claims=claims, body=body)
    other = register_resource.handle(event, world.runtime)

    assert (person.status, person.code) == (403, "client_needed")
    assert other["statusCode"] == 403
    assert world.user(owner.id).owned.total == 0


@pytest.mark.parametrize(
    ("happening", "code"),
    [
        ("removal", "owner_not_in_group"),
        ("group deletion", "group_not_found"),
        ("owner deletion", "user_not_found"),
    ],
)
def test_concurrent_change_before_the_commit_is_respected(
    world: World, happening: str, code: str
) -> None:
    group_id = world.add_group("Writers")
    owner = add_member(world, group_id)
    happen = {
        "removal": partial(
            world.invoke, remove_user_from_group, path={"user_id": owner.id, "group_id": group_id}
        ),
        "group deletion": partial(world.invoke, delete_group, path={"group_id": group_id}),
        "owner deletion": partial(world.invoke, delete_user, path={"user_id": owner.id}),
    }[happening]

    with meanwhile(world, COMMIT, happen):
        reply = register(world, type="workspace", userId=owner.id, groupId=group_id)

    assert reply.code == code
    assert not [e for e in world.journal() if e.action == "register_resource"]


def test_admin_cannot_register_resources(world: World) -> None:
    caller = world.add_user(permissions=tuple(Permission))
    body = {"type": "persona", "userId": caller.id}
    assert world.invoke(register_resource, caller=caller.id, body=body).code == "client_needed"
