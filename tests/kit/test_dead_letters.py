"""The dead-letter queue."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Key
from tests.world.delivering import Delivering

DELIVERY = Delivery(function="follow_user", entries=(Key("JOURNAL#1", "e1"),))


def test_message_has_the_delivery_where_lambdas_message_has_a_failed_event() -> None:
    aws = Delivering()
    aws.connect({}).dead_letters.store(DELIVERY)
    assert aws.stored == [DELIVERY]


def test_message_that_is_not_accepted_is_an_error() -> None:
    aws = Delivering(dead_letters_fail=True)
    with pytest.raises(ClientError):
        aws.connect({}).dead_letters.store(DELIVERY)
