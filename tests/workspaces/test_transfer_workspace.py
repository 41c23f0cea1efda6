"""POST /admin/workspaces/{workspaceId}/transfer (W1)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from functions.groups.delete_group import delete_group
from functions.groups.remove_user_from_group import remove_user_from_group
from functions.users.delete_user import delete_user
from functions.users.get_user import get_user
from functions.workspaces.transfer_workspace import transfer_workspace
from rollcall.grants.grant import Period
from rollcall.users.user import User
from tests.faults.invariants import check_settled
from tests.faults.races import COMMIT, meanwhile
from tests.world.gateway import Reply
from tests.world.world import World


def transfer(
    world: World,
    workspace_id: str,
    user_id: str,
    *,
    key: str = "",
    if_match: str = "",
    caller: str = "",
    reason: str | None = None,
) -> Reply:
    named = {"Idempotency-Key": key, "If-Match": if_match}
    return world.invoke(
        transfer_workspace,
        caller=caller,
        path={"workspace_id": workspace_id},
        body={"userId": user_id, **({"reason": reason} if reason else {})},
        headers={name: value for name, value in named.items() if value},
    )


def add_member(world: World, group_id: str) -> User:
    user = world.add_user()
    return world.change_user(user, user.with_membership(group_id))


def test_workspace_gets_the_new_owner(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), add_member(world, group_id)
    workspace = world.add_resource(owner.id, group_id=group_id, name="Notes")

    reply = transfer(world, workspace.id, heir.id, reason="Moves on")

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert (reply.body["userId"], reply.body["groupId"]) == (heir.id, group_id)
    counts = [
        world.invoke(get_user, path={"user_id": each.id}).body["workspaceCount"]
        for each in (owner, heir)
    ]
    assert counts == [0, 1]
    entry = world.journal(workspace.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "transfer_workspace",
        world.admin_id,
        "Moves on",
    )
    assert {name: (c.before, c.after) for name, c in entry.changes.items()} == {
        "userId": (owner.id, heir.id)
    }
    assert check_settled(world) == []


def test_new_owner_must_exist_and_not_be_deleted(world: World) -> None:
    workspace = world.add_resource(world.add_user().id)
    deleted = world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))

    for user_id, status, code in (
        ("usr_unknown", 404, "user_not_found"),
        (deleted.id, 409, "user_deleted"),
    ):
        reply = transfer(world, workspace.id, user_id)
        assert (reply.status, reply.code) == (status, code)
    assert world.resource(workspace.id) == workspace


def test_new_owner_must_be_in_the_group_at_this_time(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), world.add_user()
    workspace = world.add_resource(owner.id, group_id=group_id)
    assert transfer(world, workspace.id, heir.id).code == "owner_not_in_group"

    box = Period(starts_at=world.clock.now + timedelta(days=1))
    world.change_user(heir, heir.with_membership(group_id, period=box))
    reply = transfer(world, workspace.id, heir.id)
    assert (reply.status, reply.code) == (409, "owner_not_in_group")

    world.clock.advance(days=1)
    assert transfer(world, workspace.id, heir.id).status == 200


def test_orphan_gets_an_owner(world: World) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), add_member(world, group_id)
    workspace = world.add_resource(owner.id, group_id=group_id)
    world.invoke(delete_user, path={"user_id": owner.id})

    reply = transfer(world, workspace.id, heir.id)

    assert (reply.body["orphaned"], reply.body["userId"]) == (False, heir.id)
    assert world.user(heir.id).owned.active_in_group == {group_id: 1}
    assert check_settled(world) == []


def test_archived_workspace_of_a_deleted_group_can_go_to_any_user(world: World) -> None:
    group_id = world.add_group("Writers")
    workspace = world.add_resource(add_member(world, group_id).id, group_id=group_id, active=False)
    world.invoke(delete_group, path={"group_id": group_id})

    reply = transfer(world, workspace.id, world.add_user().id)

    assert reply.status == 200
    assert "groupId" not in reply.body


def test_present_owner_creates_no_version(world: World) -> None:
    workspace = world.add_resource(world.add_user().id)
    assert transfer(world, workspace.id, workspace.user_id).body["version"] == 1


def test_other_resources_are_not_found(world: World) -> None:
    owner, heir = world.add_user().id, world.add_user().id
    persona = world.add_resource(owner, "persona")
    for each in (persona.id, "wsp_unknown", owner):
        reply = transfer(world, each, heir)
        assert (reply.status, reply.body["detail"]) == (404, "Workspace not found")


@pytest.mark.parametrize(
    ("happening", "code"),
    [
        ("removal", "owner_not_in_group"),
        ("soft deletion", "user_deleted"),
        ("deletion", "user_not_found"),
    ],
)
def test_concurrent_change_of_the_new_owner_is_respected(
    world: World, happening: str, code: str
) -> None:
    group_id = world.add_group("Writers")
    owner, heir = add_member(world, group_id), add_member(world, group_id)
    workspace = world.add_resource(owner.id, group_id=group_id)
    path = {"user_id": heir.id}
    happen = {
        "removal": partial(
            world.invoke, remove_user_from_group, path={**path, "group_id": group_id}
        ),
        "soft deletion": partial(world.invoke, delete_user, path=path, query={"mode": "soft"}),
        "deletion": partial(world.invoke, delete_user, path=path),
    }[happening]

    with meanwhile(world, COMMIT, happen):
        reply = transfer(world, workspace.id, heir.id)

    assert reply.code == code
    assert world.resource(workspace.id) == workspace


def test_stale_version_is_refused_and_a_key_has_one_effect(world: World) -> None:
    workspace, heir = world.add_resource(world.add_user().id), world.add_user().id
    first = transfer(world, workspace.id, heir, if_match='"1"', key="key-1")

    assert first.status == 200
    assert transfer(world, workspace.id, workspace.user_id, if_match='"1"').code == "stale_version"
    assert transfer(world, workspace.id, heir, if_match='"1"', key="key-1") == first


def test_wrong_fields_are_refused(world: World) -> None:
    workspace = world.add_resource(world.add_user().id)
    path = {"workspace_id": workspace.id}
    reply = world.invoke(transfer_workspace, path=path, body={"owner": "usr_1"})
    assert (reply.status, sorted(reply.fields)) == (422, ["owner", "userId"])
