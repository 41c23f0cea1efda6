"""Drift between accounts and users is confirmed by reading them (L3)."""

from __future__ import annotations

from rollcall.accounts.drift import Standing, look_closely
from tests.accounts.test_sweep import LATER, add_stranger
from tests.world.world import World


def test_drift_is_confirmed_from_the_account_and_the_user(world: World) -> None:
    fine, meddled, lost = (world.add_user() for _ in range(3))
    world.runtime.identity.set_admin(meddled.id, True)
    world.runtime.identity.delete(lost.id)
    add_stranger(world, "stranger")
    suspects = (fine.id, meddled.id, lost.id, "stranger", "nobody")

    young = [look_closely(world.call(), each) for each in suspects]
    world.clock.now += LATER
    old = [look_closely(world.call(), each) for each in suspects]

    assert young == [Standing.YOUNG] * 4 + [Standing.IN_STEP]
    assert old == [
        Standing.IN_STEP,
        Standing.OUT_OF_STEP,
        Standing.OUT_OF_STEP,
        Standing.ORPHAN,
        Standing.IN_STEP,
    ]
