"""Whoever registers is asked whether the address is theirs (U16)."""

from __future__ import annotations

from dataclasses import replace

from functions.reactions.mail_registration import mail_registration
from rollcall.registrations import Registration
from tests.faults.staging import last_entry
from tests.world import World


def test_mail_leads_to_the_page_of_the_deployment(world: World) -> None:
    page = "https://app.example.com/confirm/{token}"
    settings = world.runtime.settings.model_copy(update={"verification_url": page})
    world.runtime = replace(world.runtime, settings=settings)

    registration = world.add_registration("new@example.com")

    (mail,) = world.mails()
    assert mail.to == ["new@example.com"]
    assert f"https://app.example.com/confirm/{world.token_of(registration)}\n" in mail.text


def test_only_the_last_attempt_is_mailed(world: World) -> None:
    registration = world.add_registration()
    for _ in range(2):
        held = world.registration(registration.user_id)
        again = Registration.attempt(world.call(), held.user_id, held.email, held)
        world.commit(held, again)

    world.drain()

    assert len(world.mails()) == 2
    last = world.registration(registration.user_id)
    assert world.token_of(last) in world.mails()[-1].text


def test_verification_is_not_mailed(world: World) -> None:
    registration = world.add_registration()
    world.commit(registration, registration.verified())

    mail_registration.react(last_entry(world, registration.id), world.runtime)

    assert len(world.mails()) == 1


def test_registration_that_was_taken_back_is_not_mailed(world: World) -> None:
    registration = world.add_registration()
    again = Registration.attempt(
        world.call(), registration.user_id, registration.email, registration
    )
    world.commit(registration, again)
    entry = last_entry(world, registration.id)
    written = world.registration(registration.user_id)
    world.commit(written, written.model_copy(update={"erased": True}))

    mail_registration.react(entry, world.runtime)

    assert len(world.mails()) == 1
