"""Asynchronous invocations of other functions."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Key
from rollcall.kit.invocations import DeliveryRefused
from tests.world.delivering import Delivering

DELIVERY = Delivery(function="follow_user", entries=(Key("JOURNAL#1", "e1"),))


def test_function_is_invoked_asynchronously_with_the_delivery() -> None:
    aws = Delivering()
    aws.connect({}).invocations.enqueue(DELIVERY)
    assert aws.queued == [DELIVERY]


@pytest.mark.parametrize("status", [403, 404, 429])
def test_refusal_concerns_the_function_alone(status: int) -> None:
    aws = Delivering(statuses={"follow_user": status})
    with pytest.raises(DeliveryRefused, match="follow_user"):
        aws.connect({}).invocations.enqueue(DELIVERY)


def test_failure_of_lambda_is_raised_so_that_the_stream_repeats_the_entries() -> None:
    aws = Delivering(statuses={"follow_user": 500})
    with pytest.raises(ClientError):
        aws.connect({}).invocations.enqueue(DELIVERY)
