"""Dispatch: the one reader of the stream that delivers new journal entries to the reactions.

No more than two processes can read a shard of a stream at the same time (DynamoDB quotas, DynamoDB
Streams), and each event source mapping is one. So the reactions have no mappings of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rollcall.kit.dead_letters import DeadLetters
from rollcall.kit.declaration import Declaration
from rollcall.kit.delivery import Delivery, Subscriptions, plan_deliveries
from rollcall.kit.invocations import DeliveryRefused, Invocations
from rollcall.kit.log import log_failure


@dataclass(frozen=True)
class Dispatcher:
    """Where deliveries go."""

    subscriptions: Subscriptions
    invocations: Invocations
    dead_letters: DeadLetters

    def deliver(self, delivery: Delivery) -> None:
        """Put a delivery into the queue of its function, or into the dead-letter queue if Lambda
        refuses that: one missing function does not hold up the others.
        """
        try:
            self.invocations.enqueue(delivery)
        except DeliveryRefused as refused:
            log_failure(delivery.function, refused.__cause__ or refused, request_id="")
            self.dead_letters.store(delivery)


@dataclass(frozen=True, kw_only=True)
class EntryDispatch(Declaration):
    """Invoked for the new entries of the journal that at least one function reacts to."""

    function: Callable[[Delivery, Dispatcher], None]
    connect: Callable[[], Dispatcher]

    def __call__(self, event: dict[str, Any], context: object) -> None:
        """The Lambda handler. After an error, Lambda repeats all records of the event, so that a
        function can receive an entry again.
        """
        dispatcher = self.connect()
        for delivery in plan_deliveries(event["Records"], dispatcher.subscriptions):
            self.function(delivery, dispatcher)
