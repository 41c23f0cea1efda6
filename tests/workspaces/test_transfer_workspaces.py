"""POST /admin/users/{ownerId}/transfer-workspaces (W1)."""

from __future__ import annotations

from functools import partial

from functions.groups.remove_user_from_group import remove_user_from_group
from functions.users.delete_user import delete_user
from functions.users.demote_user import demote_user
from functions.workspaces.transfer_workspaces import AT_ONCE, transfer_workspaces
from rollcall.grants.permissions import Permission
from rollcall.users.user import User
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.strict_aws import Response, Serve, WireCall
from tests.world.world import World


def transfer(
    world: World,
    owner_id: str,
    user_id: str,
    *,
    key: str = "",
    if_match: str = "",
    caller: str = "",
) -> Reply:
    named = {"Idempotency-Key": key, "If-Match": if_match}
    return world.invoke(
        transfer_workspaces,
        caller=caller,
        path={"owner_id": owner_id},
        body={"userId": user_id},
        headers={name: value for name, value in named.items() if value},
    )


def add_member(world: World, group_id: str) -> User:
    user = world.add_user()
    return world.change_user(user, user.with_membership(group_id))


def test_only_workspaces_are_transferred(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), add_member(world, group_id)
    world.add_resources(AT_ONCE, owner.id, group_id=group_id)
    world.add_resources(2, owner.id, group_id=group_id, active=False)
    world.add_resource(owner.id)
    persona = world.add_resource(owner.id, "persona")

    reply = transfer(world, owner.id, heir.id)

    assert (reply.status, reply.body) == (
        200,
        {"transferred": AT_ONCE + 3, "remaining": 0, "refused": []},
    )
    assert world.user(owner.id).owned.by_type == {"persona": 1}
    assert world.user(heir.id).owned.by_type == {"workspace": AT_ONCE + 3}
    assert world.resource(persona.id) == persona
    entries = [e for e in world.journal() if e.action == "transfer_workspaces"]
    assert len(entries) == AT_ONCE + 3
    assert {e.changes["userId"].after for e in entries} == {heir.id}
    assert check_settled(world) == []


def test_orphans_of_a_deleted_user_are_transferred(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), add_member(world, group_id)
    world.add_resources(AT_ONCE + 5, owner.id, group_id=group_id)
    world.invoke(delete_user, path={"user_id": owner.id})
    world.drain()

    reply = transfer(world, owner.id, heir.id)

    assert reply.body == {"transferred": AT_ONCE + 5, "remaining": 0, "refused": []}
    assert world.user(heir.id).owned.by_type == {"workspace": AT_ONCE + 5}
    assert check_settled(world) == []
    assert transfer(world, owner.id, heir.id).code == "user_not_found", "nothing is left"


def test_workspaces_of_a_running_deletion_are_transferred(world: World) -> None:
    owner, heir = world.add_user(), world.add_user()
    world.add_resources(AT_ONCE * 2, owner.id)
    world.invoke(delete_user, path={"user_id": owner.id})

    reply = transfer(world, owner.id, heir.id)
    world.drain()

    assert reply.body["transferred"] == AT_ONCE * 2
    assert world.user(heir.id).owned.by_type == {"workspace": AT_ONCE * 2}
    assert check_settled(world) == []


def test_workspaces_of_other_groups_stay_and_are_listed(world: World) -> None:
    shared, other = world.add_group("Shared"), world.add_group("Other")
    owner, heir = world.add_user(), add_member(world, shared)
    world.change_user(owner, owner.with_membership(shared).with_membership(other))
    world.add_resource(owner.id, group_id=shared)
    refused = world.add_resource(owner.id, group_id=other)

    reply = transfer(world, owner.id, heir.id)

    assert (reply.status, reply.body["transferred"], reply.body["remaining"]) == (200, 1, 0)
    assert reply.body["refused"] == [
        {
            "id": refused.id,
            "problem": {
                "type": "urn:rollcall:problem:owner_not_in_group",
                "title": "Conflict",
                "status": 409,
                "detail": "The owner is not in the group of this resource.",
                "code": "owner_not_in_group",
                "errors": [],
                "requestId": "req_test",
            },
        }
    ]
    assert world.resource(refused.id) == refused


def test_call_ends_before_the_gateways_timeout_and_the_next_one_continues(world: World) -> None:
    other = world.add_group("Other")
    owner, heir = add_member(world, other), world.add_user()
    refused = {each.id for each in world.add_resources(AT_ONCE, owner.id, group_id=other)}
    world.clock.advance(seconds=1)
    world.add_resources(AT_ONCE * 3, owner.id)

    def take_time(call: WireCall, serve: Serve) -> Response:
        if call.operation == COMMIT:
            world.clock.advance(seconds=11)
        return serve()

    world.aws.intercept = take_time
    bodies = [transfer(world, owner.id, heir.id).body for _ in range(3)]

    assert [(b["transferred"], b["remaining"]) for b in bodies] == [
        (AT_ONCE * 2, AT_ONCE),
        (AT_ONCE, 0),
        (0, 0),
    ]
    assert all({each["id"] for each in body["refused"]} == refused for body in bodies)
    assert world.user(heir.id).owned.by_type == {"workspace": AT_ONCE * 3}


def test_same_key_has_one_effect_and_the_same_answer(world: World) -> None:
    owner, heir = world.add_user(), world.add_user()
    world.add_resource(owner.id)
    first = transfer(world, owner.id, heir.id, key="key-1")
    world.add_resource(owner.id)

    assert transfer(world, owner.id, heir.id, key="key-1") == first
    assert world.user(owner.id).owned.total == 1


def test_stale_version_of_the_owner_is_refused(world: World) -> None:
    owner, heir = world.add_user(), world.add_user()
    world.add_resource(owner.id)
    assert transfer(world, owner.id, heir.id, if_match='"9"').code == "stale_version"
    assert world.user(owner.id).owned.total == 1


def test_both_users_must_exist(world: World) -> None:
    owner, deleted = world.add_user(), world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))

    for owner_id, user_id, status, code in (
        ("usr_unknown", owner.id, 404, "user_not_found"),
        (owner.id, "usr_unknown", 404, "user_not_found"),
        (owner.id, deleted.id, 409, "user_deleted"),
    ):
        reply = transfer(world, owner_id, user_id)
        assert (reply.status, reply.code) == (status, code)


def test_present_owner_is_refused(world: World) -> None:
    owner = world.add_user()
    reply = transfer(world, owner.id, owner.id)
    assert (reply.status, reply.fields) == (422, ["userId"])


def test_workspaces_of_a_soft_deleted_owner_can_be_transferred(world: World) -> None:
    owner, heir = world.add_user(), world.add_user()
    world.add_resource(owner.id)
    world.change_user(owner, owner.as_deleted(world.clock.now))
    assert transfer(world, owner.id, heir.id).body["transferred"] == 1


def test_new_owner_who_leaves_the_group_before_the_commit_gets_none_of_its_workspaces(
    world: World,
) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), add_member(world, group_id)
    world.add_resource(owner.id, group_id=group_id)
    path = {"user_id": heir.id, "group_id": group_id}

    with meanwhile(world, COMMIT, partial(world.invoke, remove_user_from_group, path=path)):
        reply = transfer(world, owner.id, heir.id)

    assert (reply.body["transferred"], len(reply.body["refused"])) == (0, 1)
    assert check_settled(world) == []


def test_caller_who_loses_the_permission_during_the_call_is_refused(world: World) -> None:
    caller = world.add_user(is_admin=True)
    owner, heir = world.add_user(), world.add_user()
    world.add_resources(AT_ONCE * 3, owner.id)
    demotion = partial(world.invoke, demote_user, path={"user_id": caller.id})

    with meanwhile(world, COMMIT, demotion):
        reply = transfer(world, owner.id, heir.id, caller=caller.id)

    assert (reply.status, reply.code) == (403, "permission_missing")
    assert world.user(heir.id).owned.total == 0


def test_permission_is_sufficient_and_named_if_missing(world: World) -> None:
    owner, heir = world.add_user(), world.add_user()
    world.add_resource(owner.id)
    without = world.add_user(permissions=(Permission.WORKSPACE_DELETE, Permission.WORKSPACE_VIEW))
    holder = world.add_user(permissions=(Permission.WORKSPACE_TRANSFER,))

    refused = transfer(world, owner.id, heir.id, caller=without.id)

    assert (refused.status, refused.code) == (403, "permission_missing")
    assert transfer(world, owner.id, heir.id, caller=holder.id).body["transferred"] == 1
