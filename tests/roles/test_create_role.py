"""POST /admin/roles (R1, R4, I6, I7)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.roles.create_role import create_role
from functions.roles.delete_role import delete_role
from functions.roles.list_roles import list_roles
from rollcall.access.policy import POLICY_ID, find_policy
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def create(world: World, caller: str = "", key: str = "", **body: Any) -> Reply:
    headers = {"Idempotency-Key": key} if key else {}
    return world.invoke(create_role, caller=caller, body=body, headers=headers)


def test_role_is_created_with_its_permissions(world: World) -> None:
    reply = create(
        world,
        name="  Support ",
        description="First\nlevel",
        permissions=["user.view", "user.reset-password", "user.view"],
    )

    assert reply.status == 201
    assert reply.headers["ETag"] == '"1"'
    assert reply.body == {
        "id": reply.body["id"],
        "version": 1,
        "name": "Support",
        "description": "First\nlevel",
        "permissions": ["user.reset-password", "user.view"],
        "builtIn": False,
        "holderCount": 0,
        "createdAt": "2026-01-05T09:00:00.000Z",
        "updatedAt": "2026-01-05T09:00:00.000Z",
    }
    assert reply.body["id"].startswith("rol_")
    assert world.invoke(list_roles).body["pagination"]["total"] == 5, "the built-in ones, and this"


def test_role_and_policy_have_journal_entries_of_the_same_request(world: World) -> None:
    made = create(world, name="Support", permissions=["user.view"], reason="New team")

    (role,), (policy,) = world.journal(made.body["id"]), world.journal(POLICY_ID)
    assert (role.target.kind, role.changes["name"].after) == ("role", "Support")
    assert policy.changes[f"roles.{made.body['id']}"].after == ["user.view"]
    for entry in (role, policy):
        assert (entry.action, entry.actor.id, entry.reason, entry.request_id) == (
            "create_role",
            world.admin_id,
            "New team",
            "req_test",
        )


def test_role_that_grants_nothing_is_not_in_the_policy(world: World) -> None:
    assert create(world, name="Idle").body["permissions"] == []
    assert find_policy(world.runtime.table, world.clock.now)[0] is None


@pytest.mark.parametrize("name", ["Support", "SUPPORT", " support ", "system"])
def test_taken_name_is_refused(world: World, name: str) -> None:
    world.add_role("Support")
    stored = world.stored()

    reply = create(world, name=name, permissions=["user.view"])

    assert (reply.status, reply.code, reply.fields) == (409, "role_name_taken", ["name"])
    assert reply.body["detail"] == "Role name already exists"
    assert world.stored() == stored


def test_name_of_a_deleted_role_is_free_again(world: World) -> None:
    deleted = world.add_role("Support")
    world.invoke(delete_role, path={"role_id": deleted})

    made = create(world, name="Support")

    assert made.status == 201
    assert made.body["id"] != deleted


def test_role_cannot_grant_permissions_that_the_caller_lacks(world: World) -> None:
    caller = world.add_user(permissions=(Permission.ROLE_CREATE, Permission.USER_VIEW))
    stored = world.stored()

    refused = create(
        world, caller=caller.id, name="Deleters", permissions=["user.delete", "user.view"]
    )

    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    assert "user.delete" in refused.body["detail"]
    assert "user.view" not in refused.body["detail"]
    assert world.stored() == stored
    allowed = create(world, caller=caller.id, name="Viewers", permissions=["user.view"])
    assert allowed.status == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": "Zero\u200bwidth"}, ["name"]),
        ({"name": "Support", "permissions": ["user.fly", 7]}, ["permissions.0", "permissions.1"]),
        ({"name": "Support", "permissions": ["admin:access"]}, ["permissions.0"]),
        ({"name": "Support", "builtIn": True, "id": "rol_mine"}, ["builtIn", "id"]),
    ],
)  # fmt: skip
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    stored = world.stored()
    reply = create(world, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)
    assert world.stored() == stored


def test_only_the_role_system_grants_admin_access(world: World) -> None:
    reply = create(world, name="Owners", permissions=["admin:access"])
    assert reply.body["errors"][0]["message"] == (
        "Only the role System grants admin:access. Promote the user instead."
    )


def test_same_key_creates_one_role(world: World) -> None:
    first = create(world, key="key-1", name="Support", permissions=["user.view"])
    stored = world.stored()

    assert create(world, key="key-1", name="Support", permissions=["user.view"]) == first
    assert world.stored() == stored
    assert create(world, key="key-1", name="Other").fields == ["Idempotency-Key"]
