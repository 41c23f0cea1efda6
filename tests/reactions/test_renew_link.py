"""A link proves only the address that it was sent to, and only while that is the user's (I21)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.invitations.accept_invitation import accept_invitation
from functions.invitations.resend_invitation import resend_invitation
from functions.invitations.view_invitation import view_invitation
from functions.reactions.renew_link import renew_link
from functions.registration.verify_registration import verify_registration
from functions.users.update_user import update_user
from rollcall.accounts.convergence import converge_account
from rollcall.invitations.invitation import InvitationStatus
from rollcall.kit.errors import StillContended
from rollcall.users.statuses import Status
from tests.faults.harness import without_sleep
from tests.faults.races import meanwhile
from tests.faults.staging import last_entry, leave_behind, make_foreign_account
from tests.world.gateway import Reply
from tests.world.world import World

WRONG, RIGHT, PHONE = "wrong@example.com", "right@example.com", "+4915112345678"


def change_email(world: World, user_id: str, email: str | None) -> None:
    body = {"email": email, "phone": PHONE} if email is None else {"email": email}
    assert world.invoke(update_user, path={"user_id": user_id}, body=body).status == 200


def accept(world: World, token: str) -> Reply:
    body = {"name": "Invited User", "password": "TempPass123!"}
    return world.invoke(accept_invitation, path={"token": token}, body=body)


def verify(world: World, token: str) -> Reply:
    body = {"token": token, "name": "New User", "password": "TempPass123!"}
    return world.invoke(verify_registration, body=body)


@pytest.mark.parametrize("renewed", [False, True], ids=["at once", "after the reaction"])
def test_link_of_a_former_email_opens_nothing(world: World, renewed: bool) -> None:
    invitation = world.add_invitation(WRONG)
    token = world.token_of(invitation)
    change_email(world, invitation.user_id, RIGHT)
    if renewed:
        world.drain()

    replies = [accept(world, token), world.invoke(view_invitation, path={"token": token})]

    expected = (404, "link_not_found") if renewed else (410, "address_changed")
    assert [(reply.status, reply.code) for reply in replies] == [expected] * 2
    assert world.user(invitation.user_id).status is Status.INVITED


def test_present_email_gets_a_link_that_works_for_the_full_time(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    world.clock.advance(days=6)
    change_email(world, invitation.user_id, RIGHT)
    world.drain()

    renewed = world.invitation(invitation.id)
    (mail,) = (each for each in world.mails() if world.token_of(renewed) in each.text)
    assert mail.to == [RIGHT]
    assert (renewed.email, renewed.invited_by) == (RIGHT, world.admin_id)
    assert renewed.ends_at == world.clock.now + timedelta(days=7)
    assert accept(world, world.token_of(renewed)).status == 200


def test_link_waits_until_cognito_has_accepted_the_email(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    user = world.user(invitation.user_id)
    leave_behind(world, user, user.model_copy(update={"email": RIGHT}))
    entry = last_entry(world, user.id)

    with without_sleep(), pytest.raises(StillContended):
        renew_link.react(entry, world.runtime)
    assert world.invitation(invitation.id) == invitation

    converge_account(world.call(), user.id)
    renew_link.react(entry, world.runtime)
    renewed = world.invitation(invitation.id)
    assert (renewed.email, renewed.generation) == (RIGHT, 2)


def test_address_that_cognito_refuses_gets_no_link_and_the_first_link_still_works(
    world: World,
) -> None:
    invitation = world.add_invitation(WRONG)
    make_foreign_account(world, RIGHT)
    path = {"user_id": invitation.user_id}

    def react() -> None:
        with without_sleep(), pytest.raises(StillContended):
            renew_link.react(last_entry(world, invitation.user_id), world.runtime)

    with meanwhile(world, "AdminUpdateUserAttributes", react):
        refused = world.invoke(update_user, path=path, body={"email": RIGHT})
    assert refused.code == "unknown_account_holds_alias"
    world.drain()

    assert world.invitation(invitation.id) == invitation
    assert not any(RIGHT in mail.to for mail in world.mails())
    assert accept(world, world.token_of(invitation)).status == 200


def test_invitation_stays_when_cognito_refuses_that_the_user_has_no_email(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    user = world.user(invitation.user_id)
    without = leave_behind(world, user, user.model_copy(update={"email": None, "phone": PHONE}))
    entry = last_entry(world, user.id)
    with without_sleep(), pytest.raises(StillContended):
        renew_link.react(entry, world.runtime)

    world.change_user(without, without.model_copy(update={"email": WRONG, "phone": None}))

    renew_link.react(entry, world.runtime)
    assert accept(world, world.token_of(world.invitation(invitation.id))).status == 200


def test_link_of_the_email_that_the_user_has_again_still_works(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    change_email(world, invitation.user_id, RIGHT)
    change_email(world, invitation.user_id, WRONG)
    assert accept(world, world.token_of(invitation)).status == 200


def test_invitation_without_an_email_is_withdrawn_until_there_is_one(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    change_email(world, invitation.user_id, None)
    world.drain()

    assert world.invitation(invitation.id).status is InvitationStatus.WITHDRAWN
    assert accept(world, world.token_of(invitation)).code == "invitation_withdrawn"
    path = {"invitation_id": invitation.id}
    assert world.invoke(resend_invitation, path=path).code == "no_email"
    change_email(world, invitation.user_id, RIGHT)
    assert world.invoke(resend_invitation, path=path).body["email"] == RIGHT


def test_expired_link_is_not_sent_anew(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    world.clock.advance(days=8)
    change_email(world, invitation.user_id, RIGHT)
    world.drain()
    assert world.invitation(invitation.id).generation == 1


def test_invitation_is_resent_to_the_present_email(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    change_email(world, invitation.user_id, RIGHT)

    reply = world.invoke(resend_invitation, path={"invitation_id": invitation.id})
    world.drain()

    assert (reply.status, reply.body["email"], reply.body["linksSent"]) == (200, RIGHT, 2)
    token = world.token_of(world.invitation(invitation.id))
    assert [each.to for each in world.mails() if token in each.text] == [[RIGHT]]


def test_registration_is_confirmed_from_the_present_email_alone(world: World) -> None:
    registration = world.add_registration(WRONG)
    change_email(world, registration.user_id, RIGHT)
    former = verify(world, world.token_of(registration))
    world.drain()

    renewed = world.registration(registration.user_id)
    (mail,) = (each for each in world.mails() if world.token_of(renewed) in each.text)
    assert (former.status, former.code) == (410, "address_changed")
    assert mail.to == [RIGHT]
    assert verify(world, world.token_of(renewed)).status == 200


def test_entry_that_comes_twice_renews_once(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    change_email(world, invitation.user_id, RIGHT)
    entry = last_entry(world, invitation.user_id)
    for _ in range(3):
        renew_link.react(entry, world.runtime)
    assert world.invitation(invitation.id).generation == 2


def test_change_of_anything_else_renews_nothing(world: World) -> None:
    invitation = world.add_invitation(WRONG)
    body = {"name": "Another Name", "username": "another"}
    world.invoke(update_user, path={"user_id": invitation.user_id}, body=body)
    world.drain()
    assert world.invitation(invitation.id).generation == 1
