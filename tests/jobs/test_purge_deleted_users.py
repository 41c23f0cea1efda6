"""The scheduled purge of soft-deleted users (U11, L1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.system.remove_resource import remove_resource
from functions.users.delete_user import delete_user
from functions.users.restore_user import restore_user
from rollcall.kit.errors import Unavailable
from rollcall.kit.table import INDEXES
from rollcall.resources.deletion import RESOURCES_AT_ONCE
from tests.faults.invariants import check_settled
from tests.world.aws_edge import failing
from tests.world.iam import acting_as
from tests.world.world import World


def soft_delete(world: World, **types: int) -> str:
    user_id = world.add_user().id
    for resource_type, number in types.items():
        world.add_resources(number, user_id, resource_type)
    world.invoke(delete_user, path={"user_id": user_id}, query={"mode": "soft"})
    return user_id


def run(world: World) -> tuple[int, int]:
    """How many were purged, and how many refused."""
    with acting_as(purge_deleted_users):
        report = purge_deleted_users.run(world.runtime)
    return report.purged, report.refused


def purge(world: World) -> int:
    return run(world)[0]


def test_soft_deleted_user_is_permanently_deleted_after_thirty_days(world: World) -> None:
    user_id = soft_delete(world)

    world.clock.advance(days=30, seconds=-1)
    assert purge(world) == 0
    assert world.user(user_id).exists

    world.clock.advance(seconds=2)
    assert purge(world) == 1
    assert world.user(user_id).erased
    assert world.account(user_id) is None
    entry = world.journal(user_id)[-1]
    assert (entry.action, entry.actor.kind) == ("purge_deleted_users", "system")


def test_second_run_finds_nothing(world: World) -> None:
    soft_delete(world)
    world.clock.advance(days=31)
    assert [purge(world), purge(world)] == [1, 0]


def test_restored_user_stays(world: World) -> None:
    user_id = soft_delete(world)
    world.clock.advance(days=29)
    world.invoke(restore_user, path={"user_id": user_id})
    world.clock.advance(days=2)
    assert purge(world) == 0
    assert world.user(user_id).exists


def test_days_count_from_the_last_deletion(world: World) -> None:
    user_id = soft_delete(world)
    world.clock.advance(days=29)
    world.invoke(restore_user, path={"user_id": user_id})
    world.invoke(delete_user, path={"user_id": user_id}, query={"mode": "soft"})
    world.clock.advance(days=29)
    assert purge(world) == 0


@pytest.mark.parametrize("deleted_again", [False, True])
def test_lagging_index_purges_no_user(world: World, deleted_again: bool) -> None:
    user = world.user(soft_delete(world)) if deleted_again else world.add_user()
    long_ago = (world.clock.now - timedelta(days=40)).isoformat()
    partition, sort = INDEXES["gsi2"]
    world.runtime.table.update_unversioned(
        user.key(), {partition: "SOFT_DELETED", sort: f"{long_ago}#{user.id}"}
    )

    assert purge(world) == 0
    assert world.user(user.id).exists


def test_run_that_fails_at_cognito_is_finished_by_the_next_one_and_the_stream(
    world: World,
) -> None:
    users = [soft_delete(world) for _ in range(2)]
    world.clock.advance(days=31)

    with failing(world.aws, "cognito-idp", "AdminDeleteUser"), pytest.raises(Unavailable):
        purge(world)
    assert [world.user(each).erased for each in users].count(True) == 1

    assert purge(world) == 1
    world.drain()
    assert [world.account(each) for each in users] == [None, None]


def test_resources_are_deleted_or_orphaned_by_their_rule(world: World) -> None:
    user_id = soft_delete(world, workspace=1, persona=RESOURCES_AT_ONCE)
    world.clock.advance(days=31)

    assert run(world) == (1, 0)
    assert world.user(user_id).things_left == 1
    world.drain()

    assert check_settled(world) == []
    resources = [item for item in world.items() if item["sk"].startswith("RESOURCE#")]
    assert {(each["type"], each["orphaned"], each["erased"]) for each in resources} == {
        ("workspace", True, False),
        ("persona", False, True),
    }


def test_owner_of_a_resource_that_prevents_deletion_is_purged_after_its_removal(
    world: World,
) -> None:
    settings = world.runtime.settings.model_copy(update={"resource_types": "invoice=refuse"})
    world.runtime = replace(world.runtime, settings=settings)
    refused, other = soft_delete(world, invoice=1), soft_delete(world)
    world.clock.advance(days=31)

    assert run(world) == (1, 1)
    assert (world.user(refused).exists, world.user(other).erased) == (True, True)

    (invoice,) = (item["id"] for item in world.items() if item.get("type") == "invoice")
    world.invoke(remove_resource, path={"resource_id": invoice})
    assert run(world) == (1, 0)
    assert world.user(refused).erased
