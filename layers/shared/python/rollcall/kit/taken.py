"""Explains that a unique value is taken, to callers who are allowed to know by which entity."""

from __future__ import annotations

from rollcall.kit.actor import Actor
from rollcall.kit.entity import Taken
from rollcall.kit.table import Table


def explain_taken(taken: Taken, table: Table, actor: Actor) -> Taken:
    """The same error with the entity that holds the value, if the actor is allowed to see such
    entities. Otherwise nothing is read.
    """
    needed = taken.holders.seen_with
    if needed is None or not actor.holds(needed):
        return taken
    claim = table.get_item(taken.claim.key)
    holder = table.find(taken.holders, claim["owner"]) if claim else None
    return Taken(taken.claim, taken.holders, holder)
