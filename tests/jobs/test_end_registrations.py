"""Registrations that are not confirmed are deleted (U16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.jobs.end_registrations import end_registrations
from rollcall.invitations.registration import LINK_VALID_FOR, Registration
from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.users.statuses import Status
from tests.faults.invariants import check_settled
from tests.world.iam import acting_as
from tests.world.world import World

KEPT = LINK_VALID_FOR + timedelta(days=7)


def run(world: World) -> tuple[int, int]:
    """How many were ended, and how many refused."""
    with acting_as(end_registrations):
        report = end_registrations.run(world.runtime)
    return report.ended, report.refused


def test_user_is_deleted_a_week_after_the_link_expires_and_the_address_is_free(
    world: World,
) -> None:
    registration = world.add_registration("new@example.com")
    assert world.account(registration.user_id) is not None
    due = world.clock.now + KEPT

    world.clock.now = due - timedelta(milliseconds=1)
    assert run(world) == (0, 0)
    world.clock.now = due + timedelta(milliseconds=1)
    assert [run(world), run(world)] == [(1, 0), (0, 0)]
    world.drain()

    assert world.user(registration.user_id).erased
    assert world.account(registration.user_id) is None
    assert len(world.mails()) == 1  # nobody hears of the end of what was never theirs
    assert world.add_registration("new@example.com").user_id != registration.user_id
    assert list(check_settled(world)) == []


def test_registration_keeps_nothing_of_the_address(world: World) -> None:
    registration = world.add_registration("new@example.com")
    world.clock.advance(days=9)
    run(world)
    (kept,) = (item for item in world.items() if item["pk"] == f"REGISTRATION#{registration.id}")
    assert (kept["email"], kept["tokenHash"], "gsi2pk" in kept) == ("", "", False)
    assert kept[EXPIRY_ATTRIBUTE]


def activate(world: World, registration: Registration) -> None:
    user = world.user(registration.user_id)
    world.change_user(user, user.with_status(Status.ACTIVE, world.clock.now))


def activate_for_a_while(world: World, registration: Registration) -> None:
    activate(world, registration)
    world.sign_in(registration.user_id)
    user = world.user(registration.user_id)
    world.change_user(user, user.with_status(Status.PENDING_VERIFICATION, world.clock.now))


@pytest.mark.parametrize("happens", [activate, activate_for_a_while])
def test_user_activated_by_an_admin_stays(
    world: World, happens: Callable[[World, Registration], None]
) -> None:
    registration = world.add_registration()
    happens(world, registration)
    world.clock.advance(days=9)

    assert [run(world), run(world)] == [(1, 0), (0, 0)]

    assert world.user(registration.user_id).exists


def test_registering_again_restarts_the_period(world: World) -> None:
    registration = world.add_registration()
    world.clock.advance(days=7)
    held = world.registration(registration.user_id)
    again = Registration.attempt(world.call(), held.user_id, held.email, held)
    world.commit(held, again)
    world.clock.advance(days=2)
    assert run(world) == (0, 0)
    assert world.user(registration.user_id).exists


def test_owner_of_a_resource_that_prevents_deletion_stays(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"resource_types": "invoice=refuse"})
    world.runtime = replace(world.runtime, settings=settings)
    registration = world.add_registration()
    world.add_resources(1, registration.user_id, "invoice")
    world.clock.advance(days=9)
    assert run(world) == (0, 1)
    assert world.user(registration.user_id).exists
