"""Erasure of the personal data in invitations and registrations (U11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.invitations.get_invitation import get_invitation
from functions.invitations.list_invitations import list_invitations
from functions.invitations.view_invitation import view_invitation
from functions.users.delete_user import delete_user
from rollcall.invitations.erasure import erase_links
from rollcall.invitations.invitation import InvitationStatus
from rollcall.kit.entity import TOMBSTONE_RETENTION
from rollcall.users.statuses import Status
from tests.world.world import World


@pytest.mark.parametrize("accepted", [False, True])
def test_invitation_of_a_deleted_user_is_listed_without_personal_data_until_it_expires(
    world: World, accepted: bool
) -> None:
    invitation = world.add_invitation("jane@example.com")
    if accepted:
        user = world.user(invitation.user_id)
        world.commit(invitation, invitation.accepted(world.clock.now))
        world.change_user(user, user.model_copy(update={"status": Status.ACTIVE}))
    token = world.token_of(invitation)

    world.invoke(delete_user, path={"user_id": invitation.user_id})
    world.drain()

    status = InvitationStatus.ACCEPTED if accepted else InvitationStatus.CANCELLED
    shown = world.invoke(get_invitation, path={"invitation_id": invitation.id}).body
    assert shown["status"] == status
    assert not {"email", "name", "message"} & shown.keys()
    (listed,) = world.invoke(list_invitations, query={"status": status}).body["items"]
    assert listed["id"] == invitation.id
    assert world.invoke(view_invitation, path={"token": token}).code == f"invitation_{status}"
    expiry = int((world.clock.now + TOMBSTONE_RETENTION).timestamp())
    (item,) = (each for each in world.items() if each["pk"] == f"INVITATION#{invitation.id}")
    assert item["expiresAt"] == expiry


def test_registration_of_a_deleted_user_is_a_tombstone_without_the_address(world: World) -> None:
    registration = world.add_registration("jane@example.com")

    world.invoke(delete_user, path={"user_id": registration.user_id})
    world.drain()

    found = world.registration(registration.user_id)
    assert (found.erased, found.email, found.token_hash) == (True, "", "")


def test_second_erasure_changes_nothing(world: World) -> None:
    invitation = world.add_invitation()
    registration = world.add_registration()
    owners = (invitation.user_id, registration.user_id)
    for user_id in owners:
        erase_links(world.call(), user_id)
    stored = world.stored()
    world.clock.now += timedelta(days=1)

    for user_id in (*owners, world.admin_id):
        erase_links(world.call(), user_id)

    assert world.stored() == stored
