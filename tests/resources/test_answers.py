"""The answers of operations on resources."""

from __future__ import annotations

from rollcall.resources.answers import ResourceAnswer, note_access
from tests.world.clock import START
from tests.world.world import World


def test_access_is_stored_on_the_resource_and_for_workspaces_on_the_owner(world: World) -> None:
    owner = world.add_user().id
    workspace, persona = world.add_resource(owner), world.add_resource(owner, "persona")

    for each in (workspace, persona):
        note_access(world.call(), ResourceAnswer.of(each.accessed(START)))
        assert world.resource(each.id).last_accessed_at == START
    assert world.user(owner).owned.last_workspace_id == workspace.id


def test_resource_that_was_never_opened_stores_no_access(world: World) -> None:
    made = world.add_resource(world.add_user().id)
    stored = world.stored()
    note_access(world.call(), ResourceAnswer.of(made))
    assert world.stored() == stored
