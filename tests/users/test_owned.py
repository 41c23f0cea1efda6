"""How much a user owns."""

from __future__ import annotations

from datetime import datetime

import pytest

from rollcall.kit.errors import Contended
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.owned import Owned, active_workspaces_of, owned_key, resources_of
from tests.world.clock import START
from tests.world.world import World


def test_numbers_are_read_by_type_and_by_group() -> None:
    owned = Owned.of_item(
        {
            "pk": "USER#usr_1",
            "sk": "#OWNED",
            "revision": 7,
            "type#workspace": 2,
            "type#api-key": 1,
            "type#persona": 0,
            "active#grp_1": 1,
            "active#grp_2": 0,
            "lastWorkspaceId": "wsp_1",
            "lastWorkspaceAccessedAt": "2026-01-05T09:00:00.000Z",
        }
    )

    assert owned.by_type == {"workspace": 2, "api-key": 1}
    assert owned.active_in_group == {"grp_1": 1}
    assert owned.total == 3
    assert (owned.revision, owned.last_workspace_id) == (7, "wsp_1")
    assert owned.last_workspace_accessed_at == START


def test_missing_row_means_that_nothing_is_owned() -> None:
    assert Owned() == Owned.of_item({})
    assert Owned().total == 0


def test_counters_are_in_one_row_of_the_owner() -> None:
    counters = [resources_of("usr_1", "workspace"), active_workspaces_of("usr_1", "grp_1")]
    assert {counter.key for counter in counters} == {owned_key("usr_1")}
    assert all(counter.stamped for counter in counters)
    assert owned_key("usr_1") == ("USER#usr_1", "#OWNED")


@pytest.mark.parametrize("first", [True, False])
def test_decision_by_the_numbers_requires_that_they_are_unchanged(
    world: World, first: bool
) -> None:
    user = world.add_user()
    if not first:
        world.add_resource(user.id, "persona")
    read = world.user(user.id)
    renamed = read.model_copy(update={"name": "New"})
    requires = [read.owned.unchanged(user.id)]

    world.add_resource(user.id)
    with pytest.raises(Contended):
        world.call().commit(Change(read, renamed), answer=UserAnswer.of, requires=requires)

    requires = [world.user(user.id).owned.unchanged(user.id)]
    world.call().commit(Change(read, renamed), answer=UserAnswer.of, requires=requires)
    assert world.user(user.id).name == "New"


def test_last_access_is_not_counted(world: World) -> None:
    user = world.add_user()
    world.add_resource(user.id)
    before = world.user(user.id).owned
    last = {"lastWorkspaceId": "wsp_1", "lastWorkspaceAccessedAt": "2026-01-05T09:00:00.000Z"}
    world.runtime.table.update_unversioned(owned_key(user.id), last)
    after = world.user(user.id).owned
    assert (after.revision, after.by_type) == (before.revision, before.by_type)
    assert isinstance(after.last_workspace_accessed_at, datetime)
