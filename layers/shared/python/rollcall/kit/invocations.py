"""Asynchronous invocations of other functions through AWS Lambda. Only this module calls it."""

from __future__ import annotations

from typing import ClassVar, Protocol

from botocore.exceptions import ClientError

from rollcall.kit.delivery import Delivery


class LambdaClient(Protocol):
    """The part of botocore's client that is used here."""

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> object:  # noqa: N803 (the names of the API)
        """Invoke a function."""
        ...


class DeliveryRefused(Exception):
    """Lambda refuses to invoke a function: it does not exist, has no capacity or is not allowed to
    be invoked.
    """


class Invocations:
    """Puts deliveries into Lambda's queue of a function.

    Lambda invokes the function, repeats a failed invocation twice, one and two minutes later, and
    a throttled one for six hours. Then the event goes to the dead-letter queue of the function
    (AWS Lambda developer guide, error handling of asynchronous invocations).
    """

    service: ClassVar[str] = "lambda"

    def __init__(self, client: LambdaClient) -> None:
        self._client = client

    def enqueue(self, delivery: Delivery) -> None:
        """Invoke the function of a delivery later. Raises DeliveryRefused for an answer that
        concerns this function, and the error of botocore if Lambda does not answer or fails.
        """
        try:
            self._client.invoke(
                FunctionName=delivery.function,
                InvocationType="Event",
                Payload=delivery.model_dump_json().encode(),
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            raise DeliveryRefused(delivery.function) from error
