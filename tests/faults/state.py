"""Describes the state of a world as text."""

from __future__ import annotations

from hashlib import sha256

from rollcall.kit.throttle import Throttle
from tests.faults.invariants import accounts
from tests.world.snapshot import stored_objects
from tests.world.world import World


def describe_state(world: World) -> str:
    """The relevant state of a world as text; equal texts mean equal states. Throttle counters are
    not relevant, because no scenario reaches a limit.
    """
    pool = [
        (name, sorted(held.attribute_lookup.items()), held.enabled, held.status, held.password)
        + (sorted(group.group_name for group in held.groups),)
        for name, held in sorted(accounts(world).items())
    ]
    for _, attributes, *_rest in pool:
        attributes[:] = [(name, value) for name, value in attributes if name != "sub"]
    counted = (item for item in world.items() if not item["pk"].startswith(Throttle.partition))
    items = sorted(repr(sorted(item.items())) for item in counted)
    objects = {
        name: sha256(content).hexdigest() for name, content in sorted(stored_objects(world).items())
    }
    return repr((items, pool, objects, world.mails(), world.clock.now, sorted(world.seen)))
