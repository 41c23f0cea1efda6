"""Permanent deletion of users, with their resources (U11, W2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.users.create_user import create_user
from rollcall.grants.grant import RoleGrant
from rollcall.kit.errors import Conflict, Unavailable
from rollcall.kit.transaction import MAX_ACTIONS
from rollcall.resources.deletion import RESOURCES_AT_ONCE, erase_user, release_resources
from rollcall.resources.resource import find_resources
from rollcall.users.user import User
from tests.faults.invariants import check_settled
from tests.faults.races import meanwhile
from tests.faults.staging import make_foreign_account
from tests.world.aws_edge import watched
from tests.world.world import World


def owner_of(world: World, number: int, resource_type: str = "workspace", **fields: str) -> User:
    """A user who owns this many resources."""
    user = world.add_user()
    world.add_resources(number, user.id, resource_type, **fields)
    return world.user(user.id)


def left(world: World, user: User) -> int:
    """How many resources the tombstone says are left, and there are."""
    tombstone = world.user(user.id)
    assert tombstone.things_left == tombstone.owned.total
    return tombstone.owned.total


@pytest.mark.parametrize("number", [0, 1, RESOURCES_AT_ONCE, RESOURCES_AT_ONCE + 1])
def test_resources_that_fit_are_released_with_the_user_and_the_rest_is_counted(
    world: World, number: int
) -> None:
    user = owner_of(world, number, "persona")

    answer = erase_user(world.call(), user, "Gone")

    pending = max(0, number - RESOURCES_AT_ONCE)
    assert (answer.message, answer.resources_pending) == ("Gone", pending)
    assert answer.resources == ({"persona": number} if number else {})
    assert left(world, user) == pending
    assert len(find_resources(world.runtime.table, user.id, 100)) == pending


def test_deletion_of_a_user_with_every_kind_of_data_fits_into_one_transaction(world: World) -> None:
    call = world.call()
    user = world.add_user(is_admin=True, phone="+4915112345678", unique_id="EMP-1")
    roles = [RoleGrant(user_id=user.id, role_id=world.add_role(name)) for name in ("A", "B")]
    user = world.change_user(user, user.with_grants("role_grants", roles))
    for number in range(RESOURCES_AT_ONCE):
        world.add_resource(user.id, "persona", external_id=f"p-{number}")

    with watched(world.aws) as seen:
        erase_user(call, world.user(user.id), "Gone")

    (sent,) = (each.parameters for each in seen if each.operation == "TransactWriteItems")
    witness_and_key = 3
    assert len(sent["TransactItems"]) <= MAX_ACTIONS - witness_and_key
    world.drain()
    assert check_settled(world) == []


def test_steps_continue_until_nothing_is_left(world: World) -> None:
    user = owner_of(world, RESOURCES_AT_ONCE * 2 + 1)
    erase_user(world.call(), user, "Gone")

    steps = []
    for _ in range(3):
        release_resources(world.call("finish_deletion"), user.id)
        steps.append(left(world, user))

    assert steps == [1, 0, 0]
    assert [e.action for e in world.journal(user.id)].count("finish_deletion") == 2


def test_step_for_an_existing_or_unknown_user_does_nothing(world: World) -> None:
    user = owner_of(world, 1)
    stored = world.stored()
    for user_id in (user.id, "usr_unknown"):
        release_resources(world.call(), user_id)
    assert world.stored() == stored


def test_step_that_finds_nothing_fails_and_is_retried(world: World) -> None:
    user = owner_of(world, RESOURCES_AT_ONCE + 1)
    erase_user(world.call(), user, "Gone")
    (waiting,) = find_resources(world.runtime.table, user.id, 9)
    world.runtime.table.update_unversioned(
        waiting.key(), {"active": True}, remove=["gsi1pk", "gsi1sk"]
    )

    with pytest.raises(Unavailable) as raised:
        release_resources(world.call(), user.id)

    assert raised.value.code == "index_behind"


def test_lagging_index_at_the_deletion_leaves_resources_to_the_stream(
    world: World,
) -> None:
    user = owner_of(world, 2)
    hidden = find_resources(world.runtime.table, user.id, 1)[0]
    index = {name: value for name, value in hidden.index().items() if name.startswith("gsi1")}
    world.runtime.table.update_unversioned(hidden.key(), {"active": True}, remove=index)

    answer = erase_user(world.call(), user, "Gone")
    assert answer.resources_pending == 1

    world.runtime.table.update_unversioned(hidden.key(), index)
    world.drain()
    assert check_settled(world) == []


def test_refusal_has_the_number_of_resources_that_prevent_the_deletion(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"resource_types": "invoice=refuse"})
    world.runtime = replace(world.runtime, settings=settings)
    user = owner_of(world, 3, "invoice")

    with pytest.raises(Conflict) as refused:
        erase_user(world.call(), user, "Gone")

    assert refused.value.code == "owns_resources"
    assert "3 of type invoice" in refused.value.detail
    assert world.user(user.id) == user


def test_every_other_deletion_releases_all_resources_too(world: World) -> None:
    user = owner_of(world, RESOURCES_AT_ONCE + 2)
    world.write(user, user.as_erased(world.clock.now))
    assert left(world, user) == RESOURCES_AT_ONCE + 2

    world.drain()

    assert left(world, user) == 0
    assert check_settled(world) == []


def test_undone_creation_releases_resources_registered_meanwhile(
    world: World,
) -> None:
    make_foreign_account(world, "foreign@example.com")
    resources = []

    def register() -> None:
        (user,) = world.users_with_email("foreign@example.com")
        resources.append(world.add_resource(user.id).id)

    with meanwhile(world, "AdminCreateUser", register):
        reply = world.invoke(create_user, body={"email": "foreign@example.com"})

    assert reply.status == 422
    world.drain()
    assert world.resource(resources[0]).orphaned
    assert check_settled(world) == []
