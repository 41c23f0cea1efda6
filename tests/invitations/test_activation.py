"""Links that activate a user: only the last one is valid, until it expires (I14)."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from rollcall.invitations.activation import ActivatedUser, activate, find_by_token, write_link
from rollcall.invitations.invitation import Invitation, InvitationStatus
from rollcall.invitations.registration import Registration
from rollcall.kit.errors import Contended, NotFound
from rollcall.kit.ids import is_id
from rollcall.kit.transaction import Change
from rollcall.users.statuses import Status
from tests.world.world import World


def test_ids_of_user_and_invitation_are_derived_from_each_other(world: World) -> None:
    invitation = world.add_invitation()

    assert Invitation.id_for(invitation.user_id) == invitation.id
    assert Registration.id_for("usr_01abc") == "reg_01abc"
    others = {Invitation.id_for(each) for each in ("ada", "Google_1", "Facebook_1")}
    assert len(others) == 3
    assert all(is_id("inv", each) for each in others), "of a form that a token can hold"


def test_new_link_replaces_the_previous_one(world: World) -> None:
    first = world.add_invitation()
    second = first.with_link(world.call(), first.email, timedelta(hours=1))
    world.commit(first, second)

    assert second.ends_at == world.clock.now + timedelta(hours=1)
    assert find_by_token(world.runtime.table, Invitation, world.token_of(second)).generation == 2
    with pytest.raises(NotFound):
        find_by_token(world.runtime.table, Invitation, world.token_of(first))


def test_revoked_link_is_not_found(world: World) -> None:
    invitation = world.add_invitation()
    world.commit(invitation, invitation.model_copy(update={"erased": True}))

    with pytest.raises(NotFound):
        find_by_token(world.runtime.table, Invitation, world.token_of(invitation))


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("", "inv_1_a"),
        ("https://app.example.com/welcome", "https://app.example.com/welcome#token=inv_1_a"),
        ("https://app.example.com/?in=de", "https://app.example.com/?in=de#token=inv_1_a"),
        ("https://app.example.com/#/in/{token}", "https://app.example.com/#/in/inv_1_a"),
    ],
)
def test_link_has_the_token_where_no_server_sees_it(page: str, link: str) -> None:
    assert write_link(page, "inv_1_a") == link
    assert not page or "inv_1_a" in urlsplit(link).fragment


def use(world: World, invitation: Invitation, **chosen: str) -> ActivatedUser:
    user = world.user(invitation.user_id)
    used = Change(invitation, invitation.accepted(world.clock.now))
    return activate(world.call("use_link"), used, user, (), **chosen)


def test_activated_user_is_the_actor_and_has_the_chosen_values(world: World) -> None:
    invitation = world.add_invitation()

    answer = use(world, invitation, name="Ada", username="ada")

    user = world.user(invitation.user_id)
    assert (user.status, user.name, user.username) == (Status.ACTIVE, "Ada", "ada")
    assert (answer.id, answer.name, answer.activated_at) == (user.id, "Ada", world.clock.now)
    assert world.journal(user.id)[-1].actor.id == user.id


def test_link_and_user_change_in_one_transaction(world: World) -> None:
    invitation = world.add_invitation()
    world.commit(invitation, invitation.cancelled(world.clock.now))

    with pytest.raises(Contended):
        use(world, invitation, name="Ada")

    assert world.user(invitation.user_id).status is Status.INVITED
    stored = world.runtime.table.load(Invitation, invitation.id)
    assert stored.status is InvitationStatus.CANCELLED
