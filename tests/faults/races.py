"""Produces race conditions: concurrent writers in every order of their commits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context

from tests.world.gateway import Reply
from tests.world.strict_aws import Response, Serve, WireCall
from tests.world.world import World

COMMIT = "TransactWriteItems"
PATIENCE = 60
"""Seconds until a race that does not end fails."""


class Gate:
    """An interception that delays all racers until each has completed its reads, and then lets
    their commits pass one after the other, in an order that the test defines.
    """

    def __init__(self, order: Sequence[int]) -> None:
        self._order = list(order)
        self._arrived: set[int] = set()
        self._changed = threading.Condition()
        self._racer = threading.local()

    def run(self, number: int, action: Callable[[], Reply]) -> Reply:
        """Run an action as this racer. Racers that never commit do not delay others."""
        self._racer.number = number
        try:
            return action()
        finally:
            self._leave(number)

    def __call__(self, call: WireCall, serve: Serve) -> Response:
        """Delay the first commit of a racer until its turn."""
        number = getattr(self._racer, "number", None)
        if number is None or call.operation != COMMIT or number not in self._order:
            return serve()
        with self._changed:
            self._arrived.add(number)
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._may_pass(number), PATIENCE):
                raise TimeoutError(f"racer {number} is blocked")
        try:
            return serve()
        finally:
            self._leave(number)

    def _may_pass(self, number: int) -> bool:
        return self._order[0] == number and self._arrived.issuperset(self._order)

    def _leave(self, number: int) -> None:
        with self._changed:
            if number in self._order:
                self._order.remove(number)
            self._changed.notify_all()


def race(
    world: World, actions: Sequence[Callable[[], Reply]], order: Sequence[int] | None = None
) -> list[Reply]:
    """Run all actions concurrently, with commits in this order; returns the answers."""
    gate = Gate(order if order is not None else range(len(actions)))
    behind, world.aws.intercept = world.aws.intercept, gate
    try:
        with ThreadPoolExecutor(len(actions)) as pool:
            running = [pool.submit(gate.run, each, action) for each, action in enumerate(actions)]
            return [future.result(PATIENCE) for future in running]
    finally:
        world.aws.intercept = behind


@contextmanager
def meanwhile(world: World, operation: str, happen: Callable[[], object]) -> Iterator[None]:
    """Run ``happen`` to its end before the first call of this AWS operation."""
    behind = world.aws.intercept

    def interrupt(call: WireCall, serve: Serve) -> Response:
        if call.operation == operation:
            world.aws.intercept = behind
            Context().run(happen)  # like a separate process with its own role
        return behind(call, serve)

    world.aws.intercept = interrupt
    try:
        yield
    finally:
        world.aws.intercept = behind
