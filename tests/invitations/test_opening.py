"""The link of an invitation or a registration is used: the user becomes active."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from rollcall.invitations.activation import ActivatedUser
from rollcall.invitations.invitation import Invitation, InvitationStatus
from rollcall.invitations.opening import activate, set_chosen_password
from rollcall.kit.errors import Contended
from rollcall.kit.transaction import Change
from rollcall.users.statuses import Status
from tests.world import World


def use(world: World, invitation: Invitation, **chosen: str) -> ActivatedUser:
    user = world.user(invitation.user_id)
    used = Change(invitation, invitation.accepted(world.clock.now))
    return activate(world.call("use_link"), used, user, **chosen)


def test_user_becomes_active_in_their_own_name_with_what_they_chose(world: World) -> None:
    invitation = world.add_invitation()

    answer = use(world, invitation, name="Ada", username="ada")

    user = world.user(invitation.user_id)
    assert (user.status, user.name, user.username) == (Status.ACTIVE, "Ada", "ada")
    assert (answer.id, answer.name, answer.activated_at) == (user.id, "Ada", world.clock.now)
    assert world.journal(user.id)[-1].actor.id == user.id


def test_link_and_user_change_together_or_not_at_all(world: World) -> None:
    invitation = world.add_invitation()
    world.commit(invitation, invitation.cancelled(world.clock.now))

    with pytest.raises(Contended):
        use(world, invitation, name="Ada")

    assert world.user(invitation.user_id).status is Status.INVITED
    stored = world.runtime.table.load(Invitation, invitation.id)
    assert stored.status is InvitationStatus.CANCELLED


def test_user_can_sign_in_with_the_chosen_password_at_once(world: World) -> None:
    invitation = world.add_invitation()
    answer = use(world, invitation, name="Ada")

    set_chosen_password(world.call(), answer, SecretStr("TempPass123!"))

    account = world.account(invitation.user_id)
    assert account is not None
    assert account["status"] == "CONFIRMED"
    assert world.user(invitation.user_id).in_step
