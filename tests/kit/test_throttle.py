"""Rate limits apply per caller, and reset after the period."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.kit.errors import Throttled
from rollcall.kit.throttle import EXPIRY_MARGIN, Throttle
from tests.world.world import World

THROTTLE = Throttle(3, timedelta(minutes=1))


def passes(world: World, address: str = "192.0.2.7", what: str = "look") -> bool:
    try:
        THROTTLE.admit(address, what, world.runtime.table, world.clock.now)
    except Throttled:
        return False
    return True


def test_calls_above_the_limit_are_refused_until_the_next_period(world: World) -> None:
    world.clock.advance(seconds=20)
    assert [passes(world) for _ in range(5)] == [True, True, True, False, False]

    with pytest.raises(Throttled) as refused:
        THROTTLE.admit("192.0.2.7", "look", world.runtime.table, world.clock.now)
    assert refused.value.headers["Retry-After"] == "40"
    assert refused.value.status == 429
    world.clock.advance(seconds=40)
    assert passes(world)


def test_limit_applies_per_caller_and_route(world: World) -> None:
    assert all(passes(world) for _ in range(3))

    assert not passes(world)
    assert passes(world, "192.0.2.8")
    assert passes(world, what="accept")


def test_counts_expire(world: World) -> None:
    passes(world)

    (count,) = (item for item in world.items() if item["pk"].startswith("THROTTLE#"))
    ends = world.clock.now + timedelta(minutes=1) + EXPIRY_MARGIN
    assert count[EXPIRY_ATTRIBUTE] == int(ends.timestamp())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::"),
        ("", "unknown"),
        ("no address", "unknown"),
    ],
)
def test_addresses_of_one_subscriber_are_one_caller(address: str, network: str) -> None:
    assert Throttle.network_of(address) == network
