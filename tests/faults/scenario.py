"""The parts of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tests.world.gateway import Reply
from tests.world.world import World


def nothing_more(_: Reply) -> Iterable[str]:
    """No checks besides the invariants."""
    return ()


class Plan(NamedTuple):
    """The action of a scenario in its arranged world."""

    send: Callable[[str | None, str | None], Reply]
    """Run the action with this Idempotency-Key and this reason."""
    verify: Callable[[Reply], Iterable[str]] = nothing_more
    """Further violations after the answer and all reactions."""


@dataclass(frozen=True)
class Scenario:
    """One way to use one declared function."""

    name: str
    covers: str
    """The function's name in the catalog."""
    arrange: Callable[[World], Plan]
    expected: int
    """The status of the answer without faults."""
    with_admin: bool = True
    """Whether there is an admin at the start."""
    by_client: bool = True
    """Whether a client sends it, possibly with an Idempotency-Key."""
    again: frozenset[int] = frozenset()
    """Other statuses that a repeated request without a key can get."""
    refused_for_good: bool = False
    """Whether Cognito always rejects it. If the process crashes, the user stays visibly out of sync
    until the same request reverts the change or an admin corrects it.
    """
