"""Groups (G1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.groups.delete_group import delete_group
from rollcall.grants.group import GROUP_NAME, Group, load_groups
from rollcall.kit.entity import Claim
from tests.world.aws_edge import watched
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_group(name: str, **fields: Any) -> Group:
    return Group(id="grp_1", created_at=NOW, updated_at=NOW, name=name, **fields)


def test_names_are_unique_regardless_of_case() -> None:
    assert make_group("Straße").claims() == make_group("STRASSE").claims()
    assert make_group("Editors").claims() == {Claim(GROUP_NAME, "editors")}


def test_counters_of_a_group_create_no_version() -> None:
    quiet, busy = make_group("Readers"), make_group("Readers", member_count=7)
    assert quiet.facts() == busy.model_copy(update={"active_workspace_count": 3}).facts()


def test_tombstone_has_no_name_is_unlisted_and_counts_remaining_memberships() -> None:
    erased = make_group("Readers", member_count=3).as_erased()
    assert (erased.exists, erased.members_left) == (False, 3)
    assert not erased.claims()
    assert not erased.index()
    assert not erased.counts()
    assert "expiresAt" not in erased.item(), "it waits for its memberships to end"


def test_groups_are_loaded_in_a_batch_without_deleted_ones(world: World) -> None:
    groups = [world.add_group(f"Group {number}") for number in range(3)]
    world.invoke(delete_group, path={"group_id": groups[2]})

    with watched(world.aws) as seen:
        found = load_groups(world.runtime.table, [*groups, groups[0], "grp_unknown"])

    assert {group_id: group.name for group_id, group in found.items()} == {
        groups[0]: "Group 0",
        groups[1]: "Group 1",
    }
    assert [call.operation for call in seen] == ["BatchGetItem"]
    assert load_groups(world.runtime.table, []) == {}
