"""DELETE /admin/organizations/{organizationId} (O1, A1, I6, I8, I13)."""

from __future__ import annotations

from functools import partial

from functions.organizations.create_organization import create_organization
from functions.organizations.delete_organization import delete_organization
from functions.organizations.list_user_organizations import list_user_organizations
from functions.users.get_me import get_me
from functions.users.get_user import get_user
from rollcall.access.policy import POLICY_ID, find_policy
from rollcall.grants.organization import Organization
from rollcall.grants.permissions import Permission
from rollcall.grants.role import Role
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.world import World


def delete(
    world: World, organization_id: str, *, key: str = "", if_match: str = "", reason: str = ""
) -> Reply:
    keyed = {"Idempotency-Key": key} if key else {}
    conditional = {"If-Match": if_match} if if_match else {}
    return world.invoke(
        delete_organization,
        path={"organization_id": organization_id},
        query={"reason": reason} if reason else {},
        headers={**keyed, **conditional},
    )


def ended(world: World) -> tuple[str, ...]:
    return find_policy(world.runtime.table, world.clock.now)[1].ended


def test_documented_answer(world: World) -> None:
    organization_id = world.add_organization("Acme")
    for _ in range(3):
        world.join_organization(world.add_user().id, organization_id)

    reply = delete(world, organization_id)

    assert (reply.status, reply.body) == (
        200,
        {"success": True, "message": "Organization deleted", "membershipsPending": 3},
    )
    assert world.count(Organization.total()) == 0


def test_permissions_of_members_end_before_any_reaction_has_run(world: World) -> None:
    role_id = world.add_role("Viewer", Permission.USER_VIEW)
    organization_id, user = world.add_organization("Acme"), world.add_user()
    world.join_organization(user.id, organization_id, role_id)
    path = {"user_id": user.id}
    assert world.invoke(get_user, caller=user.id, path=path).status == 200

    delete(world, organization_id)

    refused = world.invoke(get_user, caller=user.id, path=path)
    assert (refused.status, refused.code) == (403, "permission_missing")
    assert world.user(user.id).organization_memberships, "no reaction has run"
    assert world.invoke(list_user_organizations, path=path).body == {"data": []}
    world.drain()
    assert world.user(user.id).organization_memberships == ()


def test_same_role_in_another_organization_still_counts(world: World) -> None:
    role_id = world.add_role("Viewer", Permission.USER_VIEW)
    gone, kept = world.add_organization("Gone"), world.add_organization("Kept")
    user = world.add_user()
    for organization_id in (gone, kept):
        world.join_organization(user.id, organization_id, role_id)

    delete(world, gone)

    me = world.invoke(get_me, caller=user.id)
    assert me.body["effectivePermissions"] == ["user.view"]


def test_organization_and_policy_each_leave_an_entry_of_the_same_request(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)

    delete(world, organization_id, reason="Contract ended")

    organization, policy = world.journal(organization_id)[-1], world.journal(POLICY_ID)[-1]
    for entry in (organization, policy):
        assert (entry.action, entry.actor.id, entry.reason) == (
            "delete_organization",
            world.admin_id,
            "Contract ended",
        )
    deletion = {name: (each.before, each.after) for name, each in organization.changes.items()}
    assert deletion == {"erased": (None, True), "membersLeft": (None, 1)}
    assert policy.changes.keys() == {f"ended.{organization_id}"}


def test_empty_organization_is_removed_immediately_without_a_policy_entry(world: World) -> None:
    organization_id = world.add_organization("Acme")

    assert delete(world, organization_id).body["membershipsPending"] == 0

    assert not world.journal(POLICY_ID)
    world.drain()
    tombstone = next(item for item in world.items() if item.get("id") == organization_id)
    assert "expiresAt" in tombstone


def test_slug_and_default_role_are_free_again(world: World) -> None:
    role_id = world.add_role("Partner")
    organization_id = world.add_organization("Acme", role_id)

    delete(world, organization_id)

    role = world.runtime.table.find(Role, role_id)
    assert role is not None
    assert role.holder_count == 0
    again = world.invoke(create_organization, body={"name": "Acme"})
    assert again.body["slug"] == "acme"


def test_refusal_explains_that_members_can_have_any_role(world: World) -> None:
    world.add_role("Deleter", Permission.USER_DELETE)
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)
    caller = world.add_user(permissions=(Permission.ORGANIZATION_DELETE,))

    path = {"organization_id": organization_id}
    reply = world.invoke(delete_organization, caller=caller.id, path=path)

    assert (reply.status, reply.code) == (403, "target_outranks_caller")
    assert reply.body["detail"] == (
        "A member with every role has permissions that you lack: user.delete."
    )


def test_unknown_and_deleted_organizations_are_not_found(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)
    delete(world, organization_id)
    stored = world.stored()

    for each in ("org_unknown", organization_id):
        reply = delete(world, each)
        assert (reply.status, reply.code) == (404, "organization_not_found")
    assert world.stored() == stored


def test_stale_version_is_refused(world: World) -> None:
    organization_id = world.add_organization("Acme")
    reply = delete(world, organization_id, if_match='"7"')
    assert (reply.status, reply.code) == (412, "stale_version")
    assert world.organization(organization_id).exists
    assert delete(world, organization_id, if_match='"1"').status == 200


def test_same_key_returns_the_same_answer(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)

    first = delete(world, organization_id, key="key-1")
    world.drain()

    assert delete(world, organization_id, key="key-1") == first
    assert ended(world) == ()


def test_member_added_just_before_the_deletion_is_removed_too(world: World) -> None:
    role_id = world.add_role("Viewer", Permission.USER_VIEW)
    organization_id, user = world.add_organization("Acme"), world.add_user()
    join = partial(world.join_organization, user.id, organization_id, role_id)

    with meanwhile(world, COMMIT, join):
        reply = delete(world, organization_id)

    assert reply.body["membershipsPending"] == 1
    assert ended(world) == (organization_id,)
    assert world.invoke(get_me, caller=user.id).body["effectivePermissions"] == []
