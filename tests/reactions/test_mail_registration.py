"""People who register are asked to confirm the address (U16)."""

from __future__ import annotations

from dataclasses import replace

from functions.reactions.mail_registration import mail_registration
from rollcall.invitations.registration import Registration
from rollcall.kit.transaction import Change
from rollcall.users.fields import Profile
from tests.faults.staging import last_entry
from tests.world.world import World


def test_mail_links_to_the_page_of_the_deployment(world: World) -> None:
    page = "https://app.example.com/#/confirm/{token}"
    settings = world.runtime.settings.model_copy(update={"verification_url": page})
    world.runtime = replace(world.runtime, settings=settings)

    registration = world.add_registration("new@example.com")

    (mail,) = world.mails()
    assert mail.to == ["new@example.com"]
    assert f"https://app.example.com/#/confirm/{world.token_of(registration)}\n" in mail.text


def test_name_in_the_request_is_not_mailed(world: World) -> None:
    registration = world.add_registration()
    user = world.user(registration.user_id)
    world.change_user(user, user.model_copy(update={"name": "You have won"}))
    held = world.registration(registration.user_id)
    world.commit(held, Registration.attempt(world.call(), held.user_id, held.email, held))

    world.drain()

    assert "You have won" not in world.mails()[-1].text
    assert "works once, until 2026-01-06 09:00 UTC" in world.mails()[-1].text


def test_owner_of_an_address_is_notified_by_name_in_their_language(world: World) -> None:
    owner = world.add_user("known@example.com", name="Ada", profile=Profile(locale="de"))
    attempt = Registration.attempt(world.call(), owner.id, "known@example.com", None)

    world.call("register").commit(Change(None, attempt.refused()), answer=lambda written: written)
    world.drain()

    (mail,) = world.mails()
    assert (mail.to, mail.subject) == (
        ["known@example.com"],
        "Sie haben schon ein Konto bei Rollcall",
    )
    assert "Guten Tag Ada!" in mail.text


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


def test_undone_registration_is_not_mailed(world: World) -> None:
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
