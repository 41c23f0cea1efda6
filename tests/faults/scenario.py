"""What a scenario is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.world.gateway import Reply
from tests.world.world import World


def nothing_more(_: Reply) -> Iterable[str]:
    """A scenario that the invariants say everything about."""
    return ()


class Plan(NamedTuple):
    """What a scenario does once its world is arranged."""

    send: Callable[[str | None, str | None], Reply]
    """Do it, with this Idempotency-Key and this reason."""
    verify: Callable[[Reply], Iterable[str]] = nothing_more
    """What else is wrong when it has been answered and everything has settled."""


@dataclass(frozen=True)
class Scenario:
    """One way to use one declared function."""

    name: str
    covers: str
    """The function's name in the catalog."""
    arrange: Callable[[World], Plan]
    expected: int
    """The status of the answer when nothing goes wrong."""
    with_admin: bool = True
    """Whether there is an admin at the start."""
    by_client: bool = True
    """Whether a client asks, who may have an Idempotency-Key."""
    again: frozenset[int] = frozenset()
    """Other statuses that a client without a key may meet who sends it a second time."""
    refused_for_good: bool = False
    """Whether Cognito will never take it. What a process that dies has left of it is out of step,
    visibly, until the same request takes it back or somebody corrects it.
    """
