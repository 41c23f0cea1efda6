"""Concurrent use of an invitation: the second user finds it used or cancelled (I14)."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import Any

import pytest

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.cancel_invitation import cancel_invitation
from functions.invitations.resend_invitation import resend_invitation
from functions.registration.register_user import register_user
from functions.users.disable_user import disable_user
from rollcall.kit.operation import Operation
from rollcall.users.statuses import Status
from tests.faults.invariants import check_settled
from tests.faults.races import race
from tests.world.gateway import Reply
from tests.world.world import World


def accept(world: World, token: str, name: str) -> Reply:
    body = {"name": name, "password": "Open-Sesame-7"}
    return world.invoke(accept_invitation, path={"token": token}, body=body)


def settled(world: World) -> None:
    """All invariants hold after the reactions."""
    world.drain()
    assert check_settled(world) == []


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_exactly_one_of_several_acceptances_succeeds(world: World, order: tuple[int, ...]) -> None:
    invitation = world.add_invitation()
    token = world.token_of(invitation)

    replies = race(world, [partial(accept, world, token, f"User {n}") for n in range(3)], order)

    winners = [reply for reply in replies if reply.status == 200]
    assert len(winners) == 1
    assert {reply.code for reply in replies if reply.status != 200} == {"invitation_accepted"}
    assert world.user(invitation.user_id).name == winners[0].body["name"]
    settled(world)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("against", [cancel_invitation, resend_invitation, disable_user])
def test_acceptance_is_serialized_with_operations_that_invalidate_the_link(
    world: World, against: Operation[Any, Any], order: tuple[int, int]
) -> None:
    invitation = world.add_invitation()
    path = {"invitation_id": invitation.id, "user_id": invitation.user_id}
    (name,) = against.path_variables
    actions = [
        partial(accept, world, world.token_of(invitation), "Invited User"),
        partial(world.invoke, against, path={name: path[name]}),
    ]

    accepted, other = race(world, actions, order)

    user = world.user(invitation.user_id)
    if order == (0, 1):
        assert accepted.status == 200
        assert other.status == (200 if against is disable_user else 409)
    else:
        assert other.status == 200
        assert accepted.status in {404, 410}
        assert user.status is not Status.ACTIVE
    settled(world)


def test_concurrent_registrations_of_one_address_create_one_user(world: World) -> None:
    body = {"email": "new@example.com"}
    actions = [partial(world.invoke, register_user, body=body) for _ in range(3)]

    replies = race(world, actions)

    assert {reply.status for reply in replies} == {202}
    assert len(world.users_with_email("new@example.com")) == 1
    world.drain()
    assert {mail.to[0] for mail in world.mails()} == {"new@example.com"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_acceptance_and_the_end_of_the_inviter_come_one_after_the_other(
    world: World, order: tuple[int, int]
) -> None:
    inviter = world.add_user(is_admin=True)
    invitation = world.add_invitation()
    world.commit(invitation, invitation.model_copy(update={"invited_by": inviter.id}))
    path = {"user_id": inviter.id}
    deeds = [
        partial(accept, world, world.token_of(invitation), "Invited User"),
        partial(world.invoke, disable_user, path=path),
    ]

    accepted, disabled = race(world, deeds, order)

    assert disabled.status == 200
    expected = {200: Status.ACTIVE, 410: Status.INVITED}
    assert world.user(invitation.user_id).status is expected[accepted.status]
    settled(world)
