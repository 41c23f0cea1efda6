"""A deployment keeps its prefix, table and user pool, unless it names what it replaces."""

from __future__ import annotations

import pytest

from rollcall.kit.deployment_record import (
    OWN_POOL,
    RECORD_ID,
    DeploymentProperties,
    DeploymentRecord,
    check_deployment_record,
)
from rollcall.kit.errors import Conflict
from tests.world.world import World

NONE = DeploymentProperties()
FIRST = DeploymentProperties(prefix="rollcall", table_name="people", user_pool_id=OWN_POOL)


def check(
    world: World, wanted: DeploymentProperties, former: DeploymentProperties = NONE
) -> DeploymentRecord:
    """The record after a deployment with these properties."""
    check_deployment_record(wanted, former, world.call("check_deployment"))
    record = world.runtime.table.find(DeploymentRecord, RECORD_ID)
    assert record is not None
    return record


def test_first_deployment_is_recorded_and_the_same_again_changes_nothing(world: World) -> None:
    record = check(world, FIRST)
    assert (record.prefix, record.table_name, record.user_pool_id) == ("rollcall", "people", "own")
    assert [entry.action for entry in world.journal(RECORD_ID)] == ["check_deployment"]
    stored = world.stored()
    assert check(world, FIRST, FIRST) == record
    assert world.stored() == stored


CHANGES = [
    ({"prefix": "other"}, "another prefix: other instead of rollcall", "rollcall"),
    ({"table_name": "copy"}, "another table: copy instead of people", "people"),
    ({"user_pool_id": "eu_1"}, "another user pool: eu_1 instead of own", "own"),
]


@pytest.mark.parametrize(("change", "words", "replaced"), CHANGES)
def test_change_stops_the_deployment_unless_it_names_what_is_replaced(
    world: World, change: dict[str, str], words: str, replaced: str
) -> None:
    check(world, FIRST)
    stored, changed = world.stored(), FIRST.model_copy(update=change)
    for replaces in ((), ("something else",), tuple(change.values())):
        with pytest.raises(Conflict, match=words) as refused:
            check(world, changed.model_copy(update={"replaces": replaces}), FIRST)
        assert f'"replaces": ["{replaced}"]' in refused.value.detail
    assert world.stored() == stored

    record = check(world, changed.model_copy(update={"replaces": (replaced,)}), FIRST)

    assert record.version == 2
    assert all(getattr(record, name) == value for name, value in change.items())


@pytest.mark.parametrize(("change", "words", "replaced"), CHANGES)
def test_rollback_of_a_deployment_is_accepted(
    world: World, change: dict[str, str], words: str, replaced: str
) -> None:
    """CloudFormation sends the properties of the failed update as the old ones."""
    del words
    first = check(world, FIRST)
    refused = FIRST.model_copy(update=change)
    assert check(world, FIRST, refused) == first

    meant = refused.model_copy(update={"replaces": (replaced,)})
    check(world, meant, FIRST)
    assert (
        check(world, FIRST, meant).model_copy(update={"version": 1, "updated_at": first.updated_at})
        == first
    )


def test_empty_table_in_place_of_another_stops_the_deployment(world: World) -> None:
    with pytest.raises(Conflict, match="another table: people instead of lost"):
        check(world, FIRST, FIRST.model_copy(update={"table_name": "lost"}))
    meant = FIRST.model_copy(update={"replaces": ("lost",)})
    assert check(world, meant, FIRST.model_copy(update={"table_name": "lost"})).version == 1


def test_deployment_of_a_version_without_the_record_is_recorded(world: World) -> None:
    """Its former properties say nothing about its table."""
    assert check(world, FIRST, NONE).table_name == "people"
