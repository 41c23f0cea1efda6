"""The dead-letter queue of the reactions, as ``rollcall react --dead-letters`` reads it.

SQS can move messages back only to a queue that they come from (Amazon SQS developer guide,
dead-letter queue redrive), and Lambda's queues are none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from pydantic import ValidationError

from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Key

HIDDEN_SECONDS = 900
"""How long other receivers, and this one, do not see a message that was received."""
AT_ONCE = 10
"""The most messages of one request (Amazon SQS API reference, ReceiveMessage)."""


class FailedDelivery(NamedTuple):
    """A message: a delivery that has failed for good, or records that were not dispatched."""

    function: str
    """Empty if the records were not dispatched."""
    entries: tuple[Key, ...]
    body: dict[str, Any]
    receipt: str

    @classmethod
    def read(cls, message: dict[str, Any]) -> Self:
        """Read a message of Lambda or of the dispatch."""
        body = json.loads(message["Body"])
        try:
            delivery = Delivery.model_validate(body.get("requestPayload"))
        except ValidationError:
            delivery = Delivery(function="", entries=())
        return cls(delivery.function, delivery.entries, body, message["ReceiptHandle"])

    def describe(self) -> str:
        """One line about the message."""
        if self.function:
            return f"{self.function}: {', '.join(key.sk for key in self.entries)}"
        records = self.body.get("DDBStreamBatchInfo")
        if records is None:
            return "A message of another function. It stays in the queue."
        first = records["approximateArrivalOfFirstRecord"]
        last = records["approximateArrivalOfLastRecord"]
        return (
            f"Records of the stream from {first} to {last} were not read. Repeat each reaction "
            "with --since and --until for this time, and delete the message."
        )


@dataclass(frozen=True)
class DeadLetterQueue:
    """The queue, with a client of SQS."""

    client: Any
    url: str
    deleted: set[str] = field(default_factory=set)
    """The receipts of the messages that were deleted here."""

    @classmethod
    def of_function(cls, connect: Callable[[str], Any], function: str) -> Self:
        """The dead-letter queue of a function."""
        settings = connect("lambda").get_function_event_invoke_config(
            FunctionName=function, Qualifier="$LATEST"
        )
        name = settings["DestinationConfig"]["OnFailure"]["Destination"].rpartition(":")[2]
        client = connect("sqs")
        return cls(client, client.get_queue_url(QueueName=name)["QueueUrl"])

    @contextmanager
    def receive_all(self) -> Iterator[Iterator[FailedDelivery]]:
        """All messages, each once. Those that were not deleted can be received again afterwards."""
        received: list[FailedDelivery] = []

        def receive() -> Iterator[FailedDelivery]:
            while found := self._receive():
                received.extend(found)
                yield from found

        try:
            yield receive()
        finally:
            for message in received:
                if message.receipt not in self.deleted:
                    self._show(message)

    def _receive(self) -> list[FailedDelivery]:
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=AT_ONCE,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=2,  # long polling asks all servers of the queue
        )
        return [FailedDelivery.read(each) for each in answer.get("Messages", [])]

    def _show(self, message: FailedDelivery) -> None:
        self.client.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message.receipt, VisibilityTimeout=0
        )

    def delete(self, message: FailedDelivery) -> None:
        """Delete a message."""
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)
        self.deleted.add(message.receipt)
