"""Where an invitation stands, and what may be done with it (I2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollcall.invitations.invitation import InvitationStatus, open_invitation
from rollcall.kit.errors import Gone
from rollcall.users.statuses import Status
from tests.world.world import World


def test_link_works_as_long_as_was_said_when_it_was_sent(world: World) -> None:
    invitation = world.add_invitation()
    world.commit(invitation, invitation.renewed(world.call(), invitation.email, timedelta(days=2)))
    invitation = world.invitation(invitation.id)

    world.clock.advance(days=2, milliseconds=-1)
    assert invitation.status_at(world.clock.now) is InvitationStatus.PENDING
    world.clock.advance(milliseconds=1)
    assert invitation.status_at(world.clock.now) is InvitationStatus.EXPIRED


def test_what_was_accepted_or_cancelled_does_not_expire(world: World) -> None:
    invitation, now = world.add_invitation(), world.clock.now
    accepted, cancelled = invitation.accepted(now), invitation.cancelled(now)
    world.clock.advance(days=30)

    assert accepted.status_at(world.clock.now) is InvitationStatus.ACCEPTED
    assert cancelled.status_at(world.clock.now) is InvitationStatus.CANCELLED


def test_open_invitation_is_given_with_the_invited_user(world: World) -> None:
    invitation = world.add_invitation()

    opened, user = open_invitation(world.call(), world.token_of(invitation))

    assert (opened, user.id) == (invitation, invitation.user_id)


def test_who_is_not_invited_any_more_cannot_open_it(world: World) -> None:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)
    world.write(user, user.model_copy(update={"status": Status.ACTIVE}))

    with pytest.raises(Gone) as refused:
        open_invitation(world.call(), world.token_of(invitation))
    assert refused.value.code == "invitation_cancelled"
