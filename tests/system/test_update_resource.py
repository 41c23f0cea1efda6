"""PATCH /system/resources/{resourceId} (W2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from functions.groups.delete_group import delete_group
from functions.groups.remove_user_from_group import remove_user_from_group
from functions.system.update_resource import CLOCKS_DIFFER, update_resource
from functions.users.delete_user import delete_user
from functions.users.get_user import get_user
from rollcall.grants.grant import Period
from rollcall.grants.scopes import Scope
from rollcall.kit.model import format_time
from rollcall.users.user import User
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, meanwhile
from tests.world.aws_edge import failing
from tests.world.gateway import Reply
from tests.world.world import CLIENT_ID, World, service_claims


def update(world: World, resource_id: str, key: str = "", if_match: str = "", **body: Any) -> Reply:
    named = {"Idempotency-Key": key, "If-Match": if_match}
    headers = {name: value for name, value in named.items() if value}
    path = {"resource_id": resource_id}
    return world.invoke(update_resource, path=path, body=body, headers=headers)


def add_member(world: World, *group_ids: str) -> User:
    user = world.add_user()
    joined = user
    for group_id in group_ids:
        joined = joined.with_membership(group_id)
    return world.change_user(user, joined)


def access(world: World, resource_id: str, moment: datetime, **body: Any) -> Reply:
    return update(world, resource_id, lastAccessedAt=format_time(moment), **body)


def last_workspace(world: World, user_id: str) -> Any:
    return world.invoke(get_user, path={"user_id": user_id}).body.get("lastWorkspace")


def test_name_and_status_change_with_a_version_and_a_journal_entry(world: World) -> None:
    resource = world.add_resource(world.add_user().id, "persona", name="First self")

    reply = update(world, resource.id, name="Second self", active=False, reason="Asked for it")

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert (reply.body["name"], reply.body["active"]) == ("Second self", False)
    entry = world.journal(resource.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "update_resource",
        CLIENT_ID,
        "Asked for it",
    )
    assert {name: (c.before, c.after) for name, c in entry.changes.items()} == {
        "name": ("First self", "Second self"),
        "active": (True, False),
    }


def test_null_clears_the_name_and_absent_fields_stay(world: World) -> None:
    resource = world.add_resource(world.add_user().id, "persona", name="Self", external_id="p-1")
    assert update(world, resource.id).body["version"] == 1
    reply = update(world, resource.id, name=None)
    assert "name" not in reply.body
    assert reply.body["externalId"] == "p-1"


def test_archiving_releases_the_group_and_reactivating_requires_it(world: World) -> None:
    group_id = world.add_group("Writers")
    owner = add_member(world, group_id)
    resource = world.add_resource(owner.id, group_id=group_id)

    update(world, resource.id, active=False)
    leaving = {"user_id": owner.id, "group_id": group_id}
    assert world.invoke(remove_user_from_group, path=leaving).status == 200

    reply = update(world, resource.id, active=True)
    assert (reply.status, reply.code) == (409, "owner_not_in_group")
    assert update(world, resource.id, active=True, groupId=None).status == 200
    assert check_settled(world) == []


def test_new_group_must_have_the_owner_as_a_member(world: World) -> None:
    one, two, three = (world.add_group(name) for name in ("One", "Two", "Three"))
    owner = add_member(world, one, two)
    resource = world.add_resource(owner.id, group_id=one)

    assert update(world, resource.id, groupId=three).code == "owner_not_in_group"
    assert update(world, resource.id, groupId="grp_unknown").code == "owner_not_in_group"
    assert update(world, resource.id, groupId=two).body["groupId"] == two

    assert world.user(owner.id).owned.active_in_group == {two: 1}
    assert check_settled(world) == []


def test_new_owner_must_be_a_member_of_the_group(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir, stranger = (
        add_member(world, group_id),
        add_member(world, group_id),
        world.add_user(),
    )
    resource = world.add_resource(owner.id, group_id=group_id)

    assert update(world, resource.id, userId=stranger.id).code == "owner_not_in_group"
    assert update(world, resource.id, userId="usr_unknown").code == "user_not_found"
    assert update(world, resource.id, userId=heir.id).body["userId"] == heir.id

    change = world.journal(resource.id)[-1].changes["userId"]
    assert (change.before, change.after) == (owner.id, heir.id)
    assert world.user(owner.id).owned.total == 0
    assert world.user(heir.id).owned.by_type == {"workspace": 1}
    assert check_settled(world) == []


def test_soft_deleted_user_cannot_become_the_owner(world: World) -> None:
    resource, heir = world.add_resource(world.add_user().id), world.add_user()
    world.change_user(heir, heir.as_deleted(world.clock.now))
    assert update(world, resource.id, userId=heir.id).code == "user_deleted"


def test_present_owner_changes_nothing(world: World) -> None:
    group_id = world.add_group("Writers")
    owner = world.add_user()
    ends = Period(ends_at=world.clock.now + timedelta(days=1))
    world.change_user(owner, owner.with_membership(group_id, period=ends))
    resource = world.add_resource(owner.id, group_id=group_id)
    world.clock.advance(days=2)

    reply = update(world, resource.id, userId=owner.id, groupId=group_id, active=True)

    assert (reply.status, reply.body["version"]) == (200, 1)


def test_orphan_can_get_an_owner(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), add_member(world, group_id)
    resource = world.add_resource(owner.id, group_id=group_id)
    world.invoke(delete_user, path={"user_id": owner.id})

    renamed = update(world, resource.id, name="Left behind")
    assert renamed.body["orphaned"] is True
    reply = update(world, resource.id, userId=heir.id)

    assert (reply.body["orphaned"], reply.body["userId"]) == (False, heir.id)
    assert check_settled(world) == []


def test_orphan_can_move_only_to_an_existing_group(world: World) -> None:
    owner, group_id = world.add_user(), world.add_group("Writers")
    resource = world.add_resource(owner.id)
    world.invoke(delete_user, path={"user_id": owner.id})

    assert update(world, resource.id, groupId="grp_unknown").code == "group_not_found"
    assert update(world, resource.id, groupId=group_id).status == 200
    assert update(world, resource.id, userId=owner.id).code == "user_not_found"
    assert check_settled(world) == []


def test_resource_of_a_deleted_group_can_still_be_updated_and_moved(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), world.add_user()
    used = world.add_resource(owner.id, group_id=group_id, active=False)
    moved = world.add_resource(owner.id, group_id=group_id, active=False)
    world.invoke(delete_group, path={"group_id": group_id})

    assert "groupId" not in update(world, used.id, active=True).body
    assert "groupId" not in update(world, moved.id, userId=heir.id).body
    world.drain()
    assert check_settled(world) == []


@pytest.mark.parametrize("happening", ["removal", "owner deletion"])
def test_concurrent_change_before_the_commit_is_respected(world: World, happening: str) -> None:
    group_id = world.add_group("Writers")
    owner = add_member(world, group_id)
    resource = world.add_resource(owner.id, group_id=group_id, active=False)
    leaving = {"user_id": owner.id, "group_id": group_id}
    happen = {
        "removal": partial(world.invoke, remove_user_from_group, path=leaving),
        "owner deletion": partial(world.invoke, delete_user, path={"user_id": owner.id}),
    }[happening]

    with meanwhile(world, COMMIT, happen):
        update(world, resource.id, active=True)

    world.drain()
    assert world.resource(resource.id).active is (happening == "owner deletion")
    assert check_settled(world) == []


def test_access_is_stored_without_a_version_and_a_journal_entry(world: World) -> None:
    owner = world.add_user()
    resource = world.add_resource(owner.id)
    entries = len(world.journal())

    reply = access(world, resource.id, world.clock.now - timedelta(hours=1))

    assert (reply.status, reply.body["version"]) == (200, 1)
    assert reply.body["lastAccessedAt"] == "2026-01-05T08:00:00.000Z"
    assert len(world.journal()) == entries
    assert last_workspace(world, owner.id) == {
        "id": resource.id,
        "accessedAt": "2026-01-05T08:00:00.000Z",
    }
    assert world.user(owner.id).version == owner.version
    assert world.resource(resource.id).last_accessed_at == world.clock.now - timedelta(hours=1)


def test_access_never_moves_backwards(world: World) -> None:
    owner, now = world.add_user(), world.clock.now
    one, two = world.add_resource(owner.id), world.add_resource(owner.id)
    access(world, one.id, now - timedelta(hours=1))
    access(world, two.id, now - timedelta(hours=2))

    earlier = access(world, one.id, now - timedelta(hours=3))

    assert earlier.body["lastAccessedAt"] == "2026-01-05T08:00:00.000Z"
    assert world.resource(one.id).last_accessed_at == now - timedelta(hours=1)
    assert world.resource(two.id).last_accessed_at == now - timedelta(hours=2)
    assert last_workspace(world, owner.id)["id"] == one.id
    access(world, two.id, now)
    assert last_workspace(world, owner.id)["id"] == two.id


def test_earlier_access_that_arrives_meanwhile_changes_nothing(world: World) -> None:
    resource, now = world.add_resource(world.add_user().id), world.clock.now

    with meanwhile(world, "UpdateItem", partial(access, world, resource.id, now)):
        access(world, resource.id, now - timedelta(hours=1))

    assert world.resource(resource.id).last_accessed_at == now
    assert last_workspace(world, resource.user_id)["accessedAt"] == format_time(now)


def test_access_and_a_change_can_be_in_one_request(world: World) -> None:
    heir = world.add_user()
    resource = world.add_resource(world.add_user().id)

    reply = access(world, resource.id, world.clock.now, name="Opened", userId=heir.id)

    assert (reply.body["version"], reply.body["name"]) == (2, "Opened")
    stored = world.resource(resource.id)
    assert stored.last_accessed_at == world.clock.now
    assert "lastAccessedAt" not in world.journal(resource.id)[-1].changes
    assert last_workspace(world, heir.id)["id"] == resource.id
    assert last_workspace(world, resource.user_id) is None


def test_only_workspaces_are_the_last_workspace(world: World) -> None:
    owner = world.add_user()
    persona = world.add_resource(owner.id, "persona")
    assert access(world, persona.id, world.clock.now).status == 200
    assert last_workspace(world, owner.id) is None


def test_access_of_an_orphan_is_stored_only_on_it(world: World) -> None:
    resource = world.add_resource(world.add_user().id)
    world.invoke(delete_user, path={"user_id": resource.user_id})
    access(world, resource.id, world.clock.now)
    assert world.resource(resource.id).last_accessed_at == world.clock.now
    assert check_settled(world) == []


def test_time_in_the_future_is_refused_beyond_a_small_clock_difference(world: World) -> None:
    resource = world.add_resource(world.add_user().id)

    ahead = access(world, resource.id, world.clock.now + CLOCKS_DIFFER, name="Opened")
    assert ahead.body["lastAccessedAt"] == format_time(world.clock.now)
    late = world.clock.now + CLOCKS_DIFFER + timedelta(seconds=1)
    reply = access(world, resource.id, late, name="Not this")

    assert (reply.status, reply.fields) == (422, ["lastAccessedAt"])
    assert reply.body["errors"][0]["code"] == "in_future"
    assert world.resource(resource.id).name == "Opened"


def test_repeated_request_stores_an_access_that_failed_before(
    world: World,
) -> None:
    resource = world.add_resource(world.add_user().id)
    moment = format_time(world.clock.now)

    with failing(world.aws, "dynamodb", "UpdateItem"):
        reply = update(world, resource.id, "key-1", lastAccessedAt=moment)
    assert reply.status == 503
    assert update(world, resource.id, "key-1", lastAccessedAt=moment).status == 200

    assert last_workspace(world, resource.user_id)["accessedAt"] == moment


def test_stale_version_is_refused(world: World) -> None:
    resource = world.add_resource(world.add_user().id)
    assert update(world, resource.id, if_match='"1"', name="One").status == 200
    reply = update(world, resource.id, if_match='"1"', name="Two")
    assert (reply.status, reply.code) == (412, "stale_version")


def test_same_request_with_the_same_key_changes_once(world: World) -> None:
    resource = world.add_resource(world.add_user().id)
    first = update(world, resource.id, "key-1", name="One")
    update(world, resource.id, name="Two")
    assert update(world, resource.id, "key-1", name="One") == first
    assert world.resource(resource.id).name == "Two"


def test_unknown_and_removed_resources_are_not_found(world: World) -> None:
    resource = world.add_resource(world.add_user().id)
    world.change_resource(resource, resource.as_erased())
    for resource_id in (resource.id, "wsp_unknown", resource.user_id):
        reply = update(world, resource_id, name="x")
        assert (reply.status, reply.body["detail"]) == (404, "Resource not found")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"type": "persona"}, ["type"]),
        ({"externalId": "x"}, ["externalId"]),
        ({"orphaned": True}, ["orphaned"]),
        (
            {"active": None, "userId": None, "lastAccessedAt": None},
            ["active", "lastAccessedAt", "userId"],
        ),
        ({"lastAccessedAt": "yesterday", "name": ""}, ["lastAccessedAt", "name"]),
        ({"lastAccessedAt": "2026-01-01T00:00:00"}, ["lastAccessedAt"]),
    ],
)
def test_each_invalid_field_has_its_error(
    world: World, body: dict[str, Any], fields: list[str]
) -> None:
    resource = world.add_resource(world.add_user().id)
    reply = update(world, resource.id, **body)
    assert (reply.status, sorted(reply.fields)) == (422, fields)


@pytest.mark.parametrize("body", [{}, {"userId": "new owner"}, {"lastAccessedAt": "now"}], ids=str)
def test_resource_of_another_services_type_is_neither_moved_nor_marked(
    world: World, body: dict[str, str]
) -> None:
    resource = world.add_resource(world.add_user().id, "persona")
    sent = {"new owner": world.add_user().id, "now": format_time(world.clock.now)}
    stored = world.stored()

    reply = world.invoke(
        update_resource,
        claims=service_claims(Scope.RESOURCES, "workspace"),
        path={"resource_id": resource.id},
        body={name: sent[value] for name, value in body.items()},
    )

    assert (reply.status, reply.code) == (403, "scope_missing")
    assert world.stored() == stored
