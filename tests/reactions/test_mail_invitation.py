"""Whoever is invited gets the link, once (I1, I14)."""

from __future__ import annotations

from dataclasses import replace

from functions.reactions.mail_invitation import mail_invitation
from tests.faults.staging import last_entry
from tests.world import World


def test_mail_leads_to_the_page_of_the_deployment(world: World) -> None:
    page = "https://app.example.com/welcome"
    settings = world.runtime.settings.model_copy(update={"invitation_url": page})
    world.runtime = replace(world.runtime, settings=settings)

    invitation = world.add_invitation("invited@example.com", name="Invited User")

    (mail,) = world.mails()
    assert (mail.to, mail.subject) == (["invited@example.com"], "Your invitation to Rollcall")
    assert f"{page}?token={world.token_of(invitation)}\n" in mail.text
    assert "2026-01-12 at 09:00 UTC" in mail.text


def test_entry_that_comes_twice_is_mailed_once(world: World) -> None:
    invitation = world.add_invitation()

    mail_invitation.react(last_entry(world, invitation.id), world.runtime)

    assert len(world.mails()) == 1


def test_cancelled_and_expired_invitations_are_not_mailed(world: World) -> None:
    for cancelled in (True, False):
        invitation = world.add_invitation()
        world.commit(invitation, invitation.renewed(world.call()))
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
