"""GET /invitations/{token} (I3, I12, I14)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from functions.invitations.view_invitation import view_invitation
from rollcall.invitations.invitation import Invitation
from rollcall.kit.entity import Key
from rollcall.kit.ids import new_id
from rollcall.kit.tokens import Tokens
from rollcall.public_operations import OPENINGS
from tests.world.aws_edge import watched
from tests.world.gateway import Reply, make_event
from tests.world.world import World


def view(world: World, token: str) -> Reply:
    return world.invoke(view_invitation, path={"token": token})


def test_invited_person_sees_the_invitation(world: World) -> None:
    invitation = world.add_invitation("invited@example.com", name="Invited User")

    reply = view(world, world.token_of(invitation))

    assert reply.status == 200
    assert reply.body == {
        "productName": "Rollcall",
        "email": "invited@example.com",
        "username": world.user(invitation.user_id).username,
        "name": "Invited User",
        "endsAt": "2026-01-12T09:00:00.000Z",
    }
    assert reply.headers["Cache-Control"] == "no-store"


def test_viewing_does_not_use_the_link(world: World) -> None:
    token = world.token_of(world.add_invitation())

    assert view(world, token).body == view(world, token).body


def altered(token: str) -> str:
    return token[:-1] + ("0" if token[-1] != "0" else "1")


def test_all_invalid_tokens_have_the_same_answer(world: World) -> None:
    invitation = world.add_invitation()
    token = world.token_of(invitation)
    unknown = new_id("inv", world.clock.now)
    registration = world.add_registration()
    tokens = {
        "altered": altered(token),
        "of an invitation that is not there": Tokens(world.runtime.keys).derive(unknown, 1),
        "of a generation to come": Tokens(world.runtime.keys).derive(invitation.id, 2),
        "in capitals": token.upper(),
        "with something behind it": f"{token}0",
        "the id alone": invitation.id,
        "of a registration": world.token_of(registration),
        "empty": " ",
        "the stored hash": f"{invitation.id}_{invitation.token_hash}",
    }

    answers = {name: view(world, each) for name, each in tokens.items()}

    assert {answer.status for answer in answers.values()} == {404}
    assert len({repr(answer.body) for answer in answers.values()}) == 1
    assert view(world, token).status == 200


@pytest.mark.parametrize("status", ["expired", "accepted", "cancelled"])
def test_holder_of_the_token_learns_why_it_is_no_longer_valid(world: World, status: str) -> None:
    invitation = world.add_invitation()
    token = world.token_of(invitation)
    if status == "expired":
        world.clock.now = invitation.ends_at
    else:
        after = getattr(invitation, status)(world.clock.now)
        world.commit(invitation, after)

    reply = view(world, token)

    assert (reply.status, reply.code) == (410, f"invitation_{status}")


def test_guessing_is_throttled_before_any_lookup(world: World) -> None:
    invitation = world.add_invitation()
    token = world.token_of(invitation)
    guesses = [f"{invitation.id}_{number:064x}" for number in range(OPENINGS.at_most + 5)]
    with watched(world.aws) as seen:
        answers = [view(world, guess).status for guess in guesses]

    assert answers == [404] * OPENINGS.at_most + [429] * 5
    assert sum(call.operation == "GetItem" for call in seen) == OPENINGS.at_most
    throttled = view(world, token)
    assert (throttled.status, throttled.headers["Retry-After"]) == (429, "60")
    world.clock.advance(minutes=1)
    assert view(world, token).status == 200


class CountingTable:
    """A table that counts, and holds one invitation; it is asked ten thousand times."""

    def __init__(self, invitation: Invitation) -> None:
        self.invitation = invitation
        self.counts: Counter[Key] = Counter()
        self.lookups = 0

    def count_up(self, key: Key, at_most: int, expiry: int) -> bool:
        """As the real one does, under its condition."""
        allowed = self.counts[key] < at_most
        self.counts[key] += allowed
        return allowed

    def find(self, kind: type[Invitation], entity_id: str) -> Invitation | None:
        """The invitation."""
        self.lookups += 1
        return self.invitation if entity_id == self.invitation.id else None


def test_few_of_ten_thousand_guesses_in_an_hour_are_looked_up(world: World) -> None:
    table: Any = CountingTable(world.add_invitation())
    runtime = replace(world.runtime, table=table)
    answers: Counter[int] = Counter()
    for number in range(10_000):
        guess = f"{table.invitation.id}_{number:064x}"
        event = make_event(view_invitation, claims={}, path={"token": guess})
        answers[view_invitation.handle(event, runtime)["statusCode"]] += 1
        world.clock.advance(seconds=0.36)

    assert answers == {404: 60 * OPENINGS.at_most, 429: 10_000 - 60 * OPENINGS.at_most}
    assert table.lookups == 60 * OPENINGS.at_most
