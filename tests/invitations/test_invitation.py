"""The status of an invitation, and what it allows (I2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollcall.invitations.invitation import InvitationStatus, open_invitation
from rollcall.kit.errors import Gone
from rollcall.users.statuses import Status
from tests.world.world import World


def test_link_is_valid_for_the_time_set_when_it_was_sent(world: World) -> None:
    invitation = world.add_invitation()
    world.commit(invitation, invitation.renewed(world.call(), invitation.email, timedelta(days=2)))
    invitation = world.invitation(invitation.id)

    world.clock.advance(days=2, milliseconds=-1)
    assert invitation.status_at(world.clock.now) is InvitationStatus.PENDING
    world.clock.advance(milliseconds=1)
    assert invitation.status_at(world.clock.now) is InvitationStatus.EXPIRED


def test_accepted_or_cancelled_invitation_does_not_expire(world: World) -> None:
    invitation, now = world.add_invitation(), world.clock.now
    accepted, cancelled = invitation.accepted(now), invitation.cancelled(now)
    world.clock.advance(days=30)

    assert accepted.status_at(world.clock.now) is InvitationStatus.ACCEPTED
    assert cancelled.status_at(world.clock.now) is InvitationStatus.CANCELLED


def test_pending_invitation_is_returned_with_the_invited_user(world: World) -> None:
    invitation = world.add_invitation()

    opened, user = open_invitation(world.call(), world.token_of(invitation))

    assert (opened, user.id) == (invitation, invitation.user_id)


def test_invitation_of_a_user_who_is_no_longer_invited_is_gone(world: World) -> None:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)
    world.write(user, user.model_copy(update={"status": Status.ACTIVE}))

    with pytest.raises(Gone) as refused:
        open_invitation(world.call(), world.token_of(invitation))
    assert refused.value.code == "invitation_cancelled"
