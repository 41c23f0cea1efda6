"""AWS Lambda and Amazon SQS at the wire: what the dispatch sends, and their errors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from moto.core.botocore_stubber import MockRawResponse

from rollcall.kit.dead_letters import DeadLetters
from rollcall.kit.delivery import Delivery, Subscriptions
from rollcall.kit.dispatch import Dispatcher
from rollcall.kit.invocations import Invocations

QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters"


@dataclass
class Delivering:
    """The queues of Lambda and the dead-letter queue."""

    queued: list[Delivery] = field(default_factory=list)
    """What Lambda was asked to invoke, in order."""
    stored: list[Delivery] = field(default_factory=list)
    """The messages of the dead-letter queue."""
    statuses: dict[str, int] = field(default_factory=dict)
    """The HTTP status that Lambda answers for a function; 202 by default."""
    dead_letters_fail: bool = False

    def connect(self, subscriptions: Subscriptions) -> Dispatcher:
        """A dispatcher whose calls arrive here."""
        invocations = Invocations(self._lambda)
        return Dispatcher(subscriptions, invocations, DeadLetters(lambda: self._sqs, QUEUE_URL))

    @cached_property
    def _lambda(self) -> Any:
        return self._connect("lambda", self._invoke)

    @cached_property
    def _sqs(self) -> Any:
        return self._connect("sqs", self._send)

    def _connect(self, service: str, answer: Any) -> Any:
        client = botocore.session.get_session().create_client(
            service,
            region_name="eu-west-1",
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register(f"before-send.{service}", answer)
        return client

    def _invoke(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        delivery = Delivery.model_validate_json(_body_of(request))
        assert request.headers["X-Amz-Invocation-Type"] in {"Event", b"Event"}
        assert f"/functions/{delivery.function}/invocations" in str(request.url)
        status = self.statuses.get(delivery.function, 202)
        if status == 202:
            self.queued.append(delivery)
        return _answer(request, status)

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        message = json.loads(_body_of(request))
        assert message["QueueUrl"] == QUEUE_URL
        if self.dead_letters_fail:
            return _answer(request, 400)
        event = json.loads(message["MessageBody"])["requestPayload"]
        self.stored.append(Delivery.model_validate(event))
        return _answer(request, 200)


def _body_of(request: AWSPreparedRequest) -> bytes:
    body: Any = request.body
    return body.encode() if isinstance(body, str) else bytes(body)


def _answer(request: AWSPreparedRequest, status: int) -> AWSResponse:
    body = b"{}" if status < 300 else b'{"__type": "MadeToFail", "message": "Made to fail."}'
    return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(body))
