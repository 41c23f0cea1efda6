"""DELETE /admin/roles/{roleId} (R1, I6, I8, I16)."""

from __future__ import annotations

import pytest

from functions.roles.delete_role import delete_role
from functions.roles.list_roles import list_roles
from functions.roles.replace_user_roles import replace_user_roles
from rollcall.access.policy import POLICY_ID, find_policy
from rollcall.grants.grant import OrganizationMembership, RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from tests.world.gateway import Reply
from tests.world.world import World


def delete(world: World, role_id: str, caller: str = "", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = {"role_id": role_id}
    return world.invoke(delete_role, caller=caller, path=path, headers=named)


def test_role_is_deleted_with_its_permissions(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)

    reply = delete(world, role_id)

    assert (reply.status, reply.body) == (200, {"success": True, "message": "Role deleted"})
    assert role_id not in find_policy(world.runtime.table, world.clock.now)[1].roles
    listed = world.invoke(list_roles).body
    assert role_id not in {role["id"] for role in listed["items"]}
    assert listed["pagination"]["total"] == 4
    assert delete(world, role_id).code == "role_not_found"


def test_tombstone_reserves_the_id_until_it_expires(world: World) -> None:
    role_id = world.add_role("Support")
    delete(world, role_id)

    item = world.runtime.table.get_item(Role.key_of(role_id))
    assert item is not None
    assert (item["erased"], EXPIRY_ATTRIBUTE in item, "gsi1pk" in item) == (True, True, False)
    user = world.add_user()
    refused = world.invoke(
        replace_user_roles, path={"user_id": user.id}, body={"roleIds": [role_id]}
    )
    assert (refused.status, refused.code) == (404, "role_not_found")


def test_journal_has_the_deleted_role_and_its_permissions(world: World) -> None:
    role_id = world.add_role("Support", Permission.USER_VIEW)

    delete(world, role_id)

    role, policy = world.journal(role_id)[-1], world.journal(POLICY_ID)[-1]
    assert role.changes["erased"].after is True
    change = policy.changes[f"roles.{role_id}"]
    assert (change.before, change.after) == (["user.view"], None)
    assert {role.action, policy.action} == {"delete_role"}


def test_role_with_holders_cannot_be_deleted(world: World) -> None:
    role_id, member, user = world.add_role("Support"), world.add_user(), world.add_user()
    organization_id = world.add_organization("Acme")
    place = OrganizationMembership(
        user_id=member.id, organization_id=organization_id, role_id=role_id
    )
    world.change_user(member, member.with_grants("organization_memberships", [place]))
    # The row of an expired grant still exists and refers to the role.
    held = RoleGrant(user_id=user.id, role_id=role_id, ends_at=world.clock.now)
    world.change_user(user, user.with_grants("role_grants", [held]))
    world.add_organization("Other", default_role_id=role_id)
    stored = world.stored()

    reply = delete(world, role_id)

    assert (reply.status, reply.code) == (409, "role_in_use")
    assert reply.body["detail"] == (
        "The role is in use (3 users or organizations have it). Remove it from them first."
    )
    assert world.stored() == stored


def test_role_can_be_deleted_after_it_is_revoked_from_all_users(world: World) -> None:
    role_id, user = world.add_role("Support"), world.add_user()
    for roles, code in (([role_id], "role_in_use"), ([], None)):
        world.invoke(replace_user_roles, path={"user_id": user.id}, body={"roleIds": roles})
        assert delete(world, role_id).body.get("code") == code


@pytest.mark.parametrize("role_id", ["rol_system", "rol_admin", "rol_user", "rol_guest"])
def test_built_in_role_cannot_be_deleted(world: World, role_id: str) -> None:
    stored = world.stored()
    reply = delete(world, role_id)
    assert (reply.status, reply.code) == (409, "built_in_role")
    assert reply.body["detail"] == "A built-in role cannot be deleted."
    assert world.stored() == stored


def test_only_the_version_that_was_read_is_deleted(world: World) -> None:
    role_id = world.add_role("Support")
    stale = delete(world, role_id, If_Match='"2"')
    assert (stale.status, stale.code) == (412, "stale_version")
    assert delete(world, role_id, If_Match='"1"').status == 200


def test_same_key_returns_the_same_answer(world: World) -> None:
    role_id = world.add_role("Support")
    first = delete(world, role_id, Idempotency_Key="key-1")
    assert delete(world, role_id, Idempotency_Key="key-1") == first
    assert len(world.journal(role_id)) == 2


def test_unknown_role_is_not_found(world: World) -> None:
    assert delete(world, "rol_unknown").code == "role_not_found"
