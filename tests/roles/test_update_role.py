"""PATCH /admin/roles/{roleId} (R1, R4, I6, I7, I8)."""

from __future__ import annotations

from typing import Any

import pytest

from functions.roles.get_role import get_role
from functions.roles.list_roles import list_roles
from functions.roles.update_role import update_role
from functions.users.get_me import get_me
from rollcall.access.policy import POLICY_ID
from rollcall.grants.grant import RoleGrant
from rollcall.grants.permissions import Permission
from tests.world.gateway import Reply
from tests.world.world import World


def update(
    world: World,
    role_id: str,
    caller: str = "",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> Reply:
    path = {"role_id": role_id}
    return world.invoke(update_role, caller=caller, path=path, body=body, headers=headers)


def test_sent_fields_change_and_the_others_stay(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    world.clock.advance(hours=1)

    renamed = update(world, role_id, name="First level")
    assert (renamed.status, renamed.headers["ETag"]) == (200, '"2"')
    assert (renamed.body["name"], renamed.body["permissions"]) == ("First level", ["user.view"])
    assert renamed.body["updatedAt"] == "2026-01-05T10:00:00.000Z"

    described = update(world, role_id, description="Answers the phone")
    assert (described.body["name"], described.body["description"]) == (
        "First level",
        "Answers the phone",
    )
    emptied = update(world, role_id, description=None, permissions=[])
    assert "description" not in emptied.body
    assert emptied.body["permissions"] == []
    assert world.invoke(get_role, path={"role_id": role_id}).body == emptied.body


def test_role_is_listed_and_claimed_under_its_new_name(world: World) -> None:
    role_id = world.add_role("Support")
    update(world, role_id, name="Zeta")

    assert world.invoke(list_roles).body["items"][-1]["id"] == role_id
    assert update(world, world.add_role("Support"), name="ZETA").code == "role_name_taken"


def test_permissions_apply_to_holders_at_the_next_request(world: World) -> None:
    role_id, user = world.add_role("Support", Permission.USER_VIEW), world.add_user()
    held = [RoleGrant(user_id=user.id, role_id=role_id)]
    world.change_user(user, user.with_grants("role_grants", held))

    for permissions in (["user.create", "user.view"], ["user.create"], []):
        update(world, role_id, permissions=permissions)
        me = world.invoke(get_me, caller=user.id)
        assert me.body["effectivePermissions"] == permissions


def test_role_and_policy_each_leave_an_entry_that_says_what_changed(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)

    update(world, role_id, name="First level", permissions=["user.create"], reason="Reorganized")

    role, policy = world.journal(role_id)[-1], world.journal(POLICY_ID)[-1]
    assert (role.changes["name"].before, role.changes["name"].after) == ("Support", "First level")
    assert role.changes["policyVersion"].after == policy.target.version == 2
    assert set(policy.changes) == {f"roles.{role_id}"}
    change = policy.changes[f"roles.{role_id}"]
    assert (change.before, change.after) == (["user.view"], ["user.create"])
    for entry in (role, policy):
        assert (entry.action, entry.actor.id, entry.reason) == (
            "update_role",
            world.admin_id,
            "Reorganized",
        )


def test_change_of_permissions_creates_a_version_of_the_role(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    headers = {"If-Match": '"1"'}

    first = update(world, role_id, headers=headers, permissions=["user.create"])
    second = update(world, role_id, headers=headers, permissions=["user.delete"])

    assert (first.status, first.headers["ETag"]) == (200, '"2"')
    assert (second.status, second.code) == (412, "stale_version")
    role = world.invoke(get_role, path={"role_id": role_id}).body
    assert (role["permissions"], role["version"]) == (["user.create"], 2)


def test_unchanged_values_change_nothing(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)
    stored = world.stored()

    assert update(world, role_id, name="Support", permissions=["user.view"]).status == 200
    assert update(world, role_id).body["version"] == 1
    assert world.stored() == stored


def test_role_system_cannot_be_changed(world: World) -> None:
    stored = world.stored()
    bodies: list[dict[str, Any]] = [
        {"name": "Root"},
        {"description": "All of it"},
        {"permissions": []},
        {},
    ]
    for body in bodies:
        reply = update(world, "rol_system", **body)
        assert (reply.status, reply.code) == (409, "built_in_role")
        assert reply.body["detail"] == "The role System grants everything and cannot be changed."
    assert world.stored() == stored


@pytest.mark.parametrize("role_id", ["rol_admin", "rol_user", "rol_guest"])
def test_other_built_in_role_keeps_its_name_and_can_grant_any_permissions(
    world: World, role_id: str
) -> None:
    name = world.invoke(get_role, path={"role_id": role_id}).body["name"]

    refused = update(world, role_id, name="Other", permissions=["user.view"])
    assert (refused.status, refused.code) == (409, "built_in_role")
    assert refused.body["detail"] == "A built-in role cannot be renamed."

    edited = update(world, role_id, name=name, permissions=["user.view"], description="Ours")
    assert (edited.status, edited.body["permissions"]) == (200, ["user.view"])
    assert (edited.body["name"], edited.body["builtIn"]) == (name, True)


def test_permissions_that_the_caller_lacks_cannot_be_added_to_a_role(world: World) -> None:
    caller = world.add_user(permissions=(Permission.ROLE_UPDATE, Permission.USER_VIEW))
    role_id = world.add_role("Support")
    stored = world.stored()

    refused = update(world, role_id, caller=caller.id, permissions=["user.delete", "user.view"])

    assert (refused.status, refused.code) == (403, "grant_exceeds_own")
    assert "user.delete" in refused.body["detail"]
    assert "user.view" not in refused.body["detail"]
    assert world.stored() == stored
    assert update(world, role_id, caller=caller.id, permissions=["user.view"]).status == 200


@pytest.mark.parametrize(
    "body",
    [{"name": "Harmless"}, {"permissions": []}, {"permissions": ["user.delete", "user.view"]}],
)
def test_role_that_grants_more_than_the_caller_holds_cannot_be_changed(
    world: World, body: dict[str, Any]
) -> None:
    caller = world.add_user(permissions=(Permission.ROLE_UPDATE, Permission.USER_VIEW))
    role_id = world.add_role("Deleters", Permission.USER_DELETE)
    stored = world.stored()

    reply = update(world, role_id, caller=caller.id, **body)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert reply.body["detail"] == "This role has permissions that you lack: user.delete."
    assert world.stored() == stored


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": None, "permissions": None}, ["name", "permissions"]),
        ({"name": " "}, ["name"]),
        ({"permissions": ["admin:access", "user.fly"]}, ["permissions.0", "permissions.1"]),
        ({"builtIn": False, "version": 9}, ["builtIn", "version"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    reply = update(world, world.add_role("Support"), **body)
    assert (reply.status, reply.fields) == (422, fields)


def test_unknown_role_is_not_found(world: World) -> None:
    reply = update(world, "rol_unknown", name="Anything")
    assert (reply.status, reply.code) == (404, "role_not_found")


def test_same_key_changes_once(world: World) -> None:
    role_id, headers = world.add_role("Support"), {"Idempotency-Key": "key-1"}

    first = update(world, role_id, headers=headers, permissions=["user.view"])
    update(world, role_id, permissions=[])

    assert update(world, role_id, headers=headers, permissions=["user.view"]) == first
    assert world.invoke(get_role, path={"role_id": role_id}).body["permissions"] == []
