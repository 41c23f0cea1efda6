"""Disabled and deleted users are no longer invited (I2)."""

from __future__ import annotations

import pytest

from functions.reactions.close_invitation import close_invitation
from rollcall.invitations.invitation import InvitationStatus
from rollcall.users.statuses import Status
from tests.faults.staging import last_entry
from tests.world.world import World


@pytest.mark.parametrize("status", [Status.INACTIVE, Status.SUSPENDED, Status.ACTIVE])
def test_invitation_ends_with_the_status(world: World, status: Status) -> None:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)

    world.change_user(user, user.model_copy(update={"status": status}))

    closed = world.invitation(invitation.id)
    assert (closed.status, closed.version) == (InvitationStatus.CANCELLED, 2)
    entry = world.journal(invitation.id)[-1]
    assert (entry.action, entry.actor.kind) == ("close_invitation", "system")


def test_invitation_of_a_deleted_user_is_cancelled(world: World) -> None:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)

    world.change_user(user, user.as_erased(world.clock.now))

    assert world.invitation(invitation.id).status is InvitationStatus.CANCELLED


def test_invitation_of_a_restored_user_keeps_its_data(world: World) -> None:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)
    tombstone = world.change_user(user, user.as_erased(world.clock.now))
    anonymous = world.invitation(invitation.id)
    world.change_user(tombstone, user.model_copy(update={"version": tombstone.version}))
    world.commit(anonymous, invitation)

    close_invitation.react(last_entry(world, user.id), world.runtime)

    assert world.invitation(invitation.id).email == invitation.email


def test_late_entry_does_not_cancel_a_renewed_invitation(world: World) -> None:
    invitation = world.add_invitation()
    user = world.user(invitation.user_id)
    world.write(user, user.model_copy(update={"status": Status.INACTIVE}))
    entry, disabled = last_entry(world, user.id), world.user(user.id)
    world.write(disabled, disabled.model_copy(update={"status": Status.INVITED}))

    close_invitation.react(entry, world.runtime)

    assert world.invitation(invitation.id).status is InvitationStatus.PENDING


def test_user_who_was_never_invited_is_ignored(world: World) -> None:
    user = world.add_user(status=Status.INVITED)

    world.change_user(user, user.model_copy(update={"status": Status.ACTIVE}))

    assert not [item for item in world.items() if item["pk"].startswith("INVITATION#")]
