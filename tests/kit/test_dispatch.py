"""The dispatch: each entry reaches each function that reacts to it, whatever fails (I20)."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from botocore.exceptions import ClientError

from functions.reactions.dispatch_entries import dispatch_entries
from rollcall.kit.delivery import Delivery
from tests.kit.test_delivery import SUBSCRIPTIONS, make_record
from tests.world.delivering import Delivering

EVENT = {"Records": [make_record("user", f"e{number}") for number in range(3)]}


def dispatch(aws: Delivering) -> None:
    """Invoke the function as Lambda does."""
    replace(dispatch_entries, connect=lambda: aws.connect(SUBSCRIPTIONS))(EVENT, None)


def received(deliveries: list[Delivery], function: str) -> list[str]:
    """The entries that were sent to a function."""
    return [key.sk for each in deliveries if each.function == function for key in each.entries]


ALL = ["e0", "e1", "e2"]


@pytest.mark.parametrize("status", [403, 404, 429])
def test_function_that_cannot_be_invoked_does_not_hold_up_the_others(
    status: int, logged: StringIO
) -> None:
    aws = Delivering(statuses={"follow_user": status})
    dispatch(aws)
    assert received(aws.queued, "follow_both") == ALL
    assert received(aws.stored, "follow_user") == ALL
    assert '"message":"follow_user"' in logged.getvalue().replace(": ", ":")


@pytest.mark.parametrize("failing", ["follow_user", "follow_both"])
def test_dispatch_that_dies_half_way_is_repeated_and_loses_nothing(failing: str) -> None:
    aws = Delivering(statuses={failing: 500})
    with pytest.raises(ClientError):
        dispatch(aws)

    aws.statuses.clear()
    dispatch(aws)  # as Lambda does until it succeeds

    for function in ("follow_user", "follow_both"):
        assert set(received(aws.queued, function)) == set(ALL)
    assert not aws.stored


def test_entries_that_fit_into_no_queue_stay_in_the_stream() -> None:
    aws = Delivering(statuses={"follow_user": 404}, dead_letters_fail=True)
    with pytest.raises(ClientError):
        dispatch(aws)
