"""Every reaction gets its entries from the dispatch, at least once, in any order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.reactions.dispatch_entries import dispatch_entries
from functions.users.disable_user import disable_user
from rollcall.kit.delivery import Delivery
from rollcall.kit.entity import Key
from rollcall.kit.reaction import ReactionFailed
from rollcall_infra.catalog import read_catalog
from tests.world.aws_edge import failing
from tests.world.delivering import Delivering
from tests.world.iam import acting_as
from tests.world.stored_world import as_record
from tests.world.world import World


def dispatch(world: World) -> list[Delivery]:
    """What the functions receive about the new entries of the journal."""
    aws, subscriptions = Delivering(), read_catalog().subscriptions
    handler = replace(dispatch_entries, connect=lambda: aws.connect(subscriptions))
    new = [
        as_record(item)
        for item in world.stored()
        if item["pk"]["S"].startswith("JOURNAL#") and item["id"]["S"] not in world.seen
    ]
    handler({"Records": new}, None)
    return aws.queued


def receive(world: World, delivery: Delivery) -> None:
    """Invoke a reaction as Lambda does."""
    (reaction,) = (
        each for each in read_catalog().stream_reactions if each.name == delivery.function
    )
    with acting_as(reaction):
        handler = replace(reaction, connect=lambda: world.runtime)
        handler(delivery.model_dump(mode="json"), None)


def disable(world: World) -> str:
    """Disable a user; returns the email."""
    email = "jane@example.com"
    user = world.add_user(email)
    world.drain()
    world.invoke(disable_user, path={"user_id": user.id})
    return email


def mails_to(world: World, email: str) -> int:
    """The number of mails to a user."""
    return sum(each.to == [email] for each in world.mails())


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "in reverse"])
def test_deliveries_in_any_order_and_twice_have_each_effect_once(world: World, order: int) -> None:
    email = disable(world)
    before = mails_to(world, email)
    deliveries = dispatch(world)[::order]
    assert len(deliveries) > 1

    for delivery in deliveries * 2:
        receive(world, delivery)

    assert mails_to(world, email) == before + 1


def test_failing_reaction_does_not_hold_up_the_others_and_can_be_repeated(world: World) -> None:
    email = disable(world)
    before = mails_to(world, email)
    deliveries = dispatch(world)

    with failing(world.aws, "sesv2"):
        failed = []
        for delivery in deliveries:
            try:
                receive(world, delivery)
            except ReactionFailed:
                failed.append(delivery)

    assert [each.function for each in failed] == ["notify_user"]
    receive(world, failed[0])  # from the dead-letter queue
    assert mails_to(world, email) == before + 1


def test_failed_entry_does_not_hold_up_those_after_it(world: World) -> None:
    email = disable(world)
    before = mails_to(world, email)
    (delivery,) = (each for each in dispatch(world) if each.function == "notify_user")
    missing = Key("JOURNAL#2026-01-05T09#0", "jrn_missing")
    longer = delivery.model_copy(update={"entries": (missing, *delivery.entries)})

    with pytest.raises(ReactionFailed, match="1 of 2 entries failed"):
        receive(world, longer)

    assert mails_to(world, email) == before + 1


def test_error_names_neither_entries_nor_values(world: World) -> None:
    """Lambda stores the error with the event in the dead-letter queue (I17)."""
    email = disable(world)
    (delivery,) = (each for each in dispatch(world) if each.function == "notify_user")
    with failing(world.aws, "sesv2"), pytest.raises(ReactionFailed) as raised:
        receive(world, delivery)
    assert (raised.value.__context__, raised.value.__cause__) == (None, None)
    assert email not in str(raised.value)
