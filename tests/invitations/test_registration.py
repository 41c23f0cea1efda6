"""Attempts to register are counted for each address, and the last one counts (U16)."""

from __future__ import annotations

from rollcall.invitations.registration import LINK_VALID_FOR, Registration, RegistrationStatus
from tests.world.world import World


def test_each_attempt_has_a_new_link_and_is_pending(world: World) -> None:
    first = world.add_registration()
    world.clock.advance(hours=1)

    again = Registration.attempt(world.call(), first.user_id, first.email, first.refused())

    assert (again.id, again.generation) == (first.id, 2)
    assert again.status is RegistrationStatus.PENDING
    assert again.ends_at == world.clock.now + LINK_VALID_FOR
    assert again.token_hash != first.token_hash
