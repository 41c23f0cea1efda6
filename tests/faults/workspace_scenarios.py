"""Scenarios of resources besides the examples, and of the deletion of their owners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from functions.groups.remove_user_from_group import remove_user_from_group
from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.reactions.finish_deletion import finish_deletion
from functions.system.register_resource import register_resource
from functions.system.update_resource import update_resource
from functions.users.delete_user import delete_user
from functions.workspaces.transfer_workspace import transfer_workspace
from functions.workspaces.transfer_workspaces import transfer_workspaces
from rollcall.kit.model import format_time
from rollcall.resources.deletion import RESOURCES_AT_ONCE, erase_user
from rollcall.resources.resource import Resource
from rollcall.users.user import User
from tests.api.examples import Example
from tests.faults.scenario import Plan
from tests.faults.staging import ask, last_entry, scenario, work
from tests.world.gateway import Reply
from tests.world.world import World


def join(world: World, group_id: str) -> User:
    """A new member of a group."""
    user = world.add_user()
    return world.change_user(user, user.with_membership(group_id))


def an_orphan(world: World, group_id: str | None = None) -> Resource:
    """A workspace whose owner was deleted."""
    owner = join(world, group_id) if group_id else world.add_user()
    workspace = world.add_resource(owner.id, group_id=group_id)
    erase_user(world.call(), world.user(owner.id), "Gone")
    world.drain()
    return world.resource(workspace.id)


def about(resource: Resource, **body: object) -> Example:
    """A request about one resource."""
    return Example(path={"resource_id": resource.id}, body=body)


@scenario("register_resource", 201, again=frozenset({409}))
def a_resource_with_an_external_id(world: World) -> Plan:
    body = {"type": "persona", "userId": world.add_user().id, "externalId": "p-1"}
    return ask(world, register_resource, Example(body=body))


@scenario("register_resource", 409)
def a_workspace_in_a_group_that_its_owner_is_not_in(world: World) -> Plan:
    body = {"type": "workspace", "userId": world.add_user().id, "groupId": world.add_group("Own")}
    return ask(world, register_resource, Example(body=body))


@scenario("update_resource")
def a_last_access_and_nothing_else(world: World) -> Plan:
    resource = world.add_resource(world.add_user().id)
    moment = world.clock.now

    def verify(_: Reply) -> Iterable[str]:
        owned = world.user(resource.user_id).owned
        if owned.last_workspace_accessed_at != moment or owned.last_workspace_id != resource.id:
            yield "the owner's last workspace was not updated"
        if world.resource(resource.id).last_accessed_at != moment:
            yield "the last access was not updated"

    return ask(world, update_resource, about(resource, lastAccessedAt=format_time(moment)), verify)


@scenario("update_resource")
def an_orphan_that_moves_to_a_new_owner_in_another_group(world: World) -> Plan:
    group_id = world.add_group("Own")
    orphan, heir = an_orphan(world, world.add_group("Other")), join(world, group_id)
    moment = format_time(world.clock.now)
    moved = about(orphan, userId=heir.id, groupId=group_id, lastAccessedAt=moment)
    return ask(world, update_resource, moved)


@scenario("transfer_workspace")
def a_transfer_of_an_orphan(world: World) -> Plan:
    group_id = world.add_group("Own")
    path = {"workspace_id": an_orphan(world, group_id).id}
    return ask(world, transfer_workspace, Example(path, {"userId": join(world, group_id).id}))


@scenario("transfer_workspaces")
def a_transfer_of_all_with_one_that_stays(world: World) -> Plan:
    group_id = world.add_group("Own")
    owner, heir = join(world, group_id), world.add_user()
    kept = world.add_resource(owner.id, group_id=group_id)
    world.add_resource(owner.id)

    def verify(_: Reply) -> Iterable[str]:
        if world.user(heir.id).owned.by_type != {"workspace": 1}:
            yield "not everything was transferred"
        if world.resource(kept.id) != kept:
            yield "the refused workspace has changed"

    path, body = {"owner_id": owner.id}, {"userId": heir.id}
    return ask(world, transfer_workspaces, Example(path, body), verify)


@scenario("remove_user_from_group", 409)
def leaving_a_group_with_a_workspace_in_use(world: World) -> Plan:
    group_id = world.add_group("Own")
    owner = join(world, group_id)
    world.add_resource(owner.id, group_id=group_id)
    path = {"user_id": owner.id, "group_id": group_id}
    return ask(world, remove_user_from_group, Example(path))


@scenario("delete_user", again=frozenset({404}))
def deletion_of_an_owner(world: World) -> Plan:
    group_id = world.add_group("Own")
    owner = join(world, group_id)
    workspace = world.add_resource(owner.id, group_id=group_id)
    world.add_resource(owner.id, "persona", external_id="p-1")

    def verify(_: Reply) -> Iterable[str]:
        if not world.resource(workspace.id).orphaned:
            yield "the workspace was not orphaned"
        if world.user(owner.id).owned.total:
            yield "the deleted owner still owns resources"

    return ask(world, delete_user, Example({"user_id": owner.id}), verify)


@scenario("delete_user", 409)
def deletion_of_an_owner_whose_resource_prevents_it(world: World) -> Plan:
    refuse_invoices(world)
    owner = world.add_user()
    world.add_resource(owner.id, "invoice")
    return ask(world, delete_user, Example({"user_id": owner.id}))


def refuse_invoices(world: World) -> None:
    """Configure a type whose resources prevent the deletion of their owner."""
    settings = world.runtime.settings.model_copy(update={"resource_types": "invoice=refuse"})
    world.runtime = replace(world.runtime, settings=settings)


@scenario("finish_deletion", by_client=False)
def a_stream_record_about_an_owner_with_resources_left(world: World) -> Plan:
    owner = world.add_user()
    world.add_resources(RESOURCES_AT_ONCE, owner.id, "annotation")
    world.add_resources(2, owner.id, "persona")
    world.add_resource(owner.id)
    erase_user(world.call(), world.user(owner.id), "Gone")

    def verify(_: Reply) -> Iterable[str]:
        if world.user(owner.id).owned.total:
            yield "the deleted owner still owns resources"

    return work(lambda: finish_deletion.react(last_entry(world, owner.id), world.runtime), verify)


@scenario("purge_deleted_users", by_client=False)
def a_purge_of_owners_of_whom_one_has_a_resource_that_prevents_it(world: World) -> Plan:
    refuse_invoices(world)
    purged, kept = world.add_user(), world.add_user()
    world.add_resource(purged.id)
    world.add_resource(kept.id, "invoice")
    for user in (purged, kept):
        present = world.user(user.id)
        world.change_user(present, present.as_deleted(world.clock.now))
    world.clock.advance(days=30)

    def verify(_: Reply) -> Iterable[str]:
        if not world.user(purged.id).erased or world.user(kept.id).erased:
            yield "the wrong owner was purged"

    return work(lambda: purge_deleted_users.run(world.runtime), verify)
