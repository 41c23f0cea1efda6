"""DELETE /system/resources/{resourceId} (W2)."""

from __future__ import annotations

from functions.system.remove_resource import remove_resource
from functions.users.delete_user import delete_user
from tests.faults.invariants import check_settled
from tests.world.gateway import Reply
from tests.world.world import CLIENT_ID, World


def remove(world: World, resource_id: str, key: str = "", if_match: str = "") -> Reply:
    named = {"Idempotency-Key": key, "If-Match": if_match}
    headers = {name: value for name, value in named.items() if value}
    return world.invoke(remove_resource, path={"resource_id": resource_id}, headers=headers)


def test_documented_answer(world: World) -> None:
    resource = world.add_resource(world.add_user().id, "persona")
    reply = remove(world, resource.id)
    assert (reply.status, reply.body) == (200, {"success": True, "message": "Resource removed"})


def test_resource_is_no_longer_counted_and_only_a_tombstone_remains(world: World) -> None:
    group_id, owner = world.add_group("Writers"), world.add_user()
    world.change_user(owner, owner.with_membership(group_id))
    resource = world.add_resource(owner.id, group_id=group_id, name="Notes", external_id="ws-1")

    remove(world, resource.id)

    (left,) = (item for item in world.items() if item["pk"] == resource.key().pk)
    assert left["erased"]
    assert not {"name", "groupId", "externalId", "gsi1pk", "gsi2pk"} & left.keys()
    assert "expiresAt" in left
    assert world.user(owner.id).owned.total == 0
    assert check_settled(world) == []


def test_journal_has_the_actor_and_the_removed_resource(world: World) -> None:
    resource = world.add_resource(world.add_user().id, "persona", name="Self")

    remove(world, resource.id)

    entry = world.journal(resource.id)[-1]
    assert (entry.action, entry.actor.kind, entry.actor.id) == (
        "remove_resource",
        "client",
        CLIENT_ID,
    )
    assert (entry.changes["name"].before, entry.changes["name"].after) == ("Self", None)
    assert entry.changes["erased"].after is True


def test_orphan_can_be_removed(world: World) -> None:
    resource = world.add_resource(world.add_user().id)
    world.invoke(delete_user, path={"user_id": resource.user_id})
    assert remove(world, resource.id).status == 200
    assert check_settled(world) == []


def test_removing_twice_is_not_found_but_the_same_request_has_the_same_answer(
    world: World,
) -> None:
    resource = world.add_resource(world.add_user().id)
    first = remove(world, resource.id, key="key-1")

    again = remove(world, resource.id)

    assert (again.status, again.body["detail"]) == (404, "Resource not found")
    assert remove(world, resource.id, key="key-1") == first


def test_stale_version_is_refused(world: World) -> None:
    resource = world.add_resource(world.add_user().id)
    assert remove(world, resource.id, if_match='"7"').code == "stale_version"
    assert world.resource(resource.id).exists
