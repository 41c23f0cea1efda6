"""What follows the deletion of an organization (O1, I6, I20)."""

from __future__ import annotations

from functions.organizations.delete_organization import delete_organization
from functions.organizations.list_organization_members import list_organization_members
from functions.reactions.finish_deletion import finish_deletion
from rollcall.access.policy import POLICY_ID, find_policy
from rollcall.grants import built_in_roles
from rollcall.grants.organization import Organization
from rollcall.grants.role import Role
from rollcall.members.removal import remove_memberships
from tests.faults.staging import last_entry
from tests.world.iam import acting_as
from tests.world.world import World


def delete(world: World, organization_id: str) -> None:
    reply = world.invoke(delete_organization, path={"organization_id": organization_id})
    assert reply.status == 200


def step(world: World, organization_id: str) -> None:
    """One run of the reaction, for the newest entry about the organization."""
    with acting_as(finish_deletion):
        finish_deletion.react(last_entry(world, organization_id), world.runtime)


def test_memberships_end_in_steps_and_each_step_triggers_the_next(world: World) -> None:
    organization_id = world.add_organization("Acme")
    members = [world.join_organization(world.add_user().id, organization_id) for _ in range(5)]
    delete(world, organization_id)
    assert world.organization(organization_id).members_left == 5

    remove_memberships(world.call("finish_deletion"), Organization, organization_id, 2)
    halfway = world.organization(organization_id)
    assert (halfway.version, halfway.members_left, halfway.member_count) == (3, 3, 3)
    assert find_policy(world.runtime.table, world.clock.now)[1].ended == (organization_id,)

    step(world, organization_id)
    assert world.organization(organization_id).member_count == 0
    assert not any(world.user(each.id).organization_memberships for each in members)
    assert find_policy(world.runtime.table, world.clock.now)[1].ended == ()


def test_users_keep_everything_else_and_the_journal_names_the_actor(world: World) -> None:
    gone, kept = world.add_organization("Gone"), world.add_organization("Kept")
    user = world.add_user()
    for organization_id in (gone, kept):
        world.join_organization(user.id, organization_id)
    holders = world.runtime.table.load(Role, built_in_roles.USER.id).holder_count

    delete(world, gone)
    world.drain()

    (place,) = world.user(user.id).organization_memberships
    assert place.organization_id == kept
    entry = world.journal(user.id)[-1]
    assert (entry.actor.kind, entry.action) == ("system", "finish_deletion")
    assert entry.changes.keys() == {f"organizations.{gone}"}
    # One for the membership, one for the default of the organization itself.
    assert world.runtime.table.load(Role, built_in_roles.USER.id).holder_count == holders - 2


def test_soft_deleted_user_is_restored_without_the_organization(world: World) -> None:
    organization_id = world.add_organization("Acme")
    user = world.join_organization(world.add_user().id, organization_id)
    world.change_user(user, user.as_deleted(world.clock.now))

    delete(world, organization_id)
    world.drain()

    deleted = world.user(user.id)
    assert deleted.as_restored(world.clock.now).organization_memberships == ()


def test_rows_of_an_erased_user_are_removed_too(world: World) -> None:
    organization_id = world.add_organization("Acme")
    user = world.join_organization(world.add_user().id, organization_id)
    world.write(user, user.as_erased(world.clock.now))
    delete(world, organization_id)

    step(world, organization_id)

    assert world.organization(organization_id).member_count == 0
    assert world.user(user.id).organization_memberships == ()


def test_tombstone_expires_and_is_no_longer_in_the_policy(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)
    delete(world, organization_id)
    (stored,) = (item for item in world.items() if item.get("id") == organization_id)
    assert "expiresAt" not in stored

    world.drain()

    (stored,) = (item for item in world.items() if item.get("id") == organization_id)
    assert stored["expiresAt"] > world.clock.now.timestamp()
    last = world.journal(POLICY_ID)[-1]
    assert last.actor.id == "finish_deletion"
    assert last.changes.keys() == {f"ended.{organization_id}"}


def test_same_record_again_changes_nothing(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)
    delete(world, organization_id)
    record = last_entry(world, organization_id)
    world.drain()
    stored = world.stored()

    with acting_as(finish_deletion):
        finish_deletion.react(record, world.runtime)

    assert world.stored() == stored


def test_existing_organization_is_left_alone(world: World) -> None:
    organization_id = world.add_organization("Acme")
    world.join_organization(world.add_user().id, organization_id)
    stored = world.stored()

    step(world, organization_id)

    assert world.stored() == stored
    reply = world.invoke(list_organization_members, path={"organization_id": organization_id})
    assert reply.body["pagination"]["total"] == 1
