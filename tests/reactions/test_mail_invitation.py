"""Invited users get the link, once (I1, I14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.invitations.invite_user import invite_user
from functions.reactions.mail_invitation import mail_invitation
from rollcall.invitations.invitation import Invitation
from rollcall.users.fields import Profile
from rollcall.users.user import User
from tests.faults.staging import last_entry
from tests.world.aws_edge import failing
from tests.world.world import World


def test_mail_links_to_the_page_of_the_deployment(world: World) -> None:
    page = "https://app.example.com/welcome"
    settings = world.runtime.settings.model_copy(update={"invitation_url": page})
    world.runtime = replace(world.runtime, settings=settings)

    invitation = world.add_invitation("invited@example.com", name="Invited User")

    (mail,) = world.mails()
    assert (mail.to, mail.subject) == (["invited@example.com"], "You are invited to Rollcall")
    link = f"{page}#token={world.token_of(invitation)}"
    assert f"{link}\n" in mail.text
    assert f'href="{link}"' in mail.html
    assert "until 2026-01-12 09:00 UTC" in mail.text


def test_mail_has_the_invited_persons_language_and_the_inviters_message(
    world: World,
) -> None:
    invitation = world.add_invitation(profile=Profile(locale="de-AT"))
    said = invitation.model_copy(update={"name": "Ada", "message": "Bis bald!"})
    world.commit(invitation, said.renewed(world.call(), said.email, timedelta(days=7)))

    world.drain()

    mail = world.mails()[-1]
    assert mail.subject == "Sie sind zu Rollcall eingeladen"
    assert "Guten Tag Ada!\n" in mail.text
    assert "\nBis bald!\n" in mail.text


def test_without_a_page_the_mail_has_the_token_and_no_link(world: World) -> None:
    invitation = world.add_invitation()
    (mail,) = world.mails()
    assert world.token_of(invitation) in mail.text
    assert world.token_of(invitation) in mail.html
    assert "href" not in mail.html


def test_repeated_entry_is_mailed_once(world: World) -> None:
    invitation = world.add_invitation()

    mail_invitation.react(last_entry(world, invitation.id), world.runtime)

    assert len(world.mails()) == 1


def invite_without_cognito(world: World) -> tuple[Invitation, User]:
    """The invitation and the user whom Cognito has not accepted yet."""
    with failing(world.aws, "cognito-idp"):
        assert world.invoke(invite_user, body={"email": "invited@example.com"}).status == 503
    (user,) = world.users_with_email("invited@example.com")
    return world.invitation(Invitation.id_for(user.id)), user


def test_invitation_that_is_undone_because_cognito_refuses_the_address_is_not_mailed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitation, user = invite_without_cognito(world)
    undone = user.as_erased(world.clock.now)
    monkeypatch.setattr("time.sleep", lambda _: world.write(user, undone))

    mail_invitation.react(last_entry(world, invitation.id), world.runtime)

    assert world.mails() == []


def test_invitation_is_mailed_while_cognito_is_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitation, _ = invite_without_cognito(world)
    monkeypatch.setattr("time.sleep", lambda _: None)

    mail_invitation.react(last_entry(world, invitation.id), world.runtime)

    assert [mail.to for mail in world.mails()] == [["invited@example.com"]]


def test_cancelled_and_expired_invitations_are_not_mailed(world: World) -> None:
    for cancelled in (True, False):
        invitation = world.add_invitation()
        world.commit(
            invitation, invitation.renewed(world.call(), invitation.email, timedelta(days=7))
        )
        entry = last_entry(world, invitation.id)
        if cancelled:
            renewed = world.invitation(invitation.id)
            world.commit(renewed, renewed.cancelled(world.clock.now))
        else:
            world.clock.advance(days=7)
        sent = len(world.mails())

        mail_invitation.react(entry, world.runtime)

        assert len(world.mails()) == sent


def test_acceptance_is_not_mailed(world: World) -> None:
    invitation = world.add_invitation()
    world.commit(invitation, invitation.accepted(world.clock.now))

    mail_invitation.react(last_entry(world, invitation.id), world.runtime)

    assert len(world.mails()) == 1
