"""The dead-letter queue, in Amazon SQS. Only this module calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar, Protocol

from rollcall.kit.delivery import Delivery


class SqsClient(Protocol):
    """The part of botocore's client that is used here."""

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> object:  # noqa: N803 (the names of the API)
        """Send a message."""
        ...


class DeadLetters:
    """Stores deliveries that a function cannot receive, until an operator repeats them."""

    service: ClassVar[str] = "sqs"

    def __init__(self, make_client: Callable[[], SqsClient], queue_url: str) -> None:
        self._make_client = make_client
        self._queue_url = queue_url

    def store(self, delivery: Delivery) -> None:
        """Store a delivery in the place where Lambda's message about an event that has failed for
        good has the event (AWS Lambda developer guide, capturing records of asynchronous
        invocations). Raises the error of botocore if SQS does not accept it.
        """
        message = json.dumps({"requestPayload": delivery.model_dump(mode="json")})
        self._make_client().send_message(QueueUrl=self._queue_url, MessageBody=message)
