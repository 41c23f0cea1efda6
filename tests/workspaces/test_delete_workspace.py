"""DELETE /admin/workspaces/{workspaceId} (W1)."""

from __future__ import annotations

from functions.users.delete_user import delete_user
from functions.workspaces.delete_workspace import delete_workspace
from rollcall.grants.group import Group
from rollcall.grants.permissions import Permission
from tests.faults.invariants import check_settled
from tests.world.gateway import Reply
from tests.world.world import World


def delete(
    world: World,
    workspace_id: str,
    *,
    key: str = "",
    if_match: str = "",
    caller: str = "",
    **query: str,
) -> Reply:
    named = {"Idempotency-Key": key, "If-Match": if_match}
    headers = {name: value for name, value in named.items() if value}
    path = {"workspace_id": workspace_id}
    return world.invoke(delete_workspace, caller=caller, path=path, query=query, headers=headers)


def test_documented_answer(world: World) -> None:
    workspace = world.add_resource(world.add_user().id)
    reply = delete(world, workspace.id)
    assert (reply.status, reply.body) == (200, {"success": True, "message": "Workspace deleted"})


def test_owner_and_group_no_longer_count_it(world: World) -> None:
    group_id, owner = world.add_group("Writers"), world.add_user()
    world.change_user(owner, owner.with_membership(group_id))
    workspace = world.add_resource(owner.id, group_id=group_id)

    delete(world, workspace.id)

    assert not world.resource(workspace.id).exists
    assert world.user(owner.id).owned.total == 0
    assert world.runtime.table.load(Group, group_id).active_workspace_count == 0
    assert check_settled(world) == []


def test_journal_has_the_actor_the_workspace_and_the_reason(world: World) -> None:
    workspace = world.add_resource(world.add_user().id, name="Notes")

    delete(world, workspace.id, reason="Asked for it")

    entry = world.journal(workspace.id)[-1]
    assert (entry.action, entry.actor.id, entry.reason) == (
        "delete_workspace",
        world.admin_id,
        "Asked for it",
    )
    assert (entry.changes["name"].before, entry.changes["erased"].after) == ("Notes", True)


def test_orphan_can_be_deleted(world: World) -> None:
    workspace = world.add_resource(world.add_user().id)
    world.invoke(delete_user, path={"user_id": workspace.user_id})
    assert delete(world, workspace.id).status == 200
    assert check_settled(world) == []


def test_other_resources_are_not_found(world: World) -> None:
    owner = world.add_user().id
    persona, gone = world.add_resource(owner, "persona"), world.add_resource(owner)
    assert delete(world, gone.id).status == 200

    answers = [delete(world, each) for each in (persona.id, gone.id, owner, "wsp_unknown")]

    assert all(answer == answers[0] for answer in answers)
    assert (answers[0].status, answers[0].body["detail"]) == (404, "Workspace not found")
    assert world.resource(persona.id).exists


def test_same_request_with_the_same_key_has_the_same_answer(world: World) -> None:
    workspace = world.add_resource(world.add_user().id)
    first = delete(world, workspace.id, key="key-1")
    assert delete(world, workspace.id, key="key-1") == first


def test_stale_version_is_refused(world: World) -> None:
    workspace = world.add_resource(world.add_user().id)
    assert delete(world, workspace.id, if_match='"2"').code == "stale_version"
    assert world.resource(workspace.id).exists


def test_permission_is_sufficient_for_any_group(world: World) -> None:
    caller = world.add_user(permissions=(Permission.WORKSPACE_DELETE,))
    group_id, owner = world.add_group("Writers"), world.add_user()
    world.change_user(owner, owner.with_membership(group_id))
    for workspace in (
        world.add_resource(owner.id),
        world.add_resource(owner.id, group_id=group_id),
    ):
        assert delete(world, workspace.id, caller=caller.id).status == 200
