"""POST /register (U16, I3, I17)."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from functions.registration.register_user import MAILS, MAILS_OF_SOURCE, register_user
from functions.registration.verify_registration import verify_registration
from functions.users.get_me import get_me
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World

EMAIL = "new@example.com"
PASSWORD = "TempPass123!"


HOME, STRANGER = "192.0.2.7", "198.51.100.1"


def register(world: World, key: str = "", source: str = HOME, **body: Any) -> Reply:
    """Send a request a minute after the previous one."""
    world.clock.advance(minutes=1)
    headers = {"Idempotency-Key": key} if key else {}
    sent = {"email": EMAIL, **body}
    return world.invoke(register_user, body=sent, headers=headers, source=source)


def verify(world: World, token: str, **chosen: str) -> Reply:
    body = {"token": token, "name": "The Owner", "password": PASSWORD, **chosen}
    return world.invoke(verify_registration, body=body)


def mails_to(world: World, email: str) -> int:
    """How many mails the attempts with an address have caused: each has its own link."""
    return world.registration(registered(world, email).id).generation


def registered(world: World, email: str = EMAIL) -> User:
    (user,) = world.users_with_email(email)
    return user


def said(reply: Reply) -> dict[str, Any]:
    """An answer without its time."""
    return {name: each for name, each in reply.body.items() if name != "receivedAt"}


def test_registered_user_is_unverified_and_has_no_access(world: World) -> None:
    reply = register(world)
    world.drain()

    assert (reply.status, set(reply.body)) == (202, {"message", "receivedAt"})
    user = registered(world)
    assert user.status is Status.PENDING_VERIFICATION
    assert (user.name, user.username) == (None, None)
    assert list(user.rows()) == []
    account = world.account(user.id)
    assert account is not None
    assert (account["status"], account["email_verified"]) == ("FORCE_CHANGE_PASSWORD", "false")
    assert world.invoke(get_me, caller=user.id).code == "account_not_active"
    (mail,) = world.mails()
    assert mail.to == [EMAIL]
    assert re.search(r"reg_[0-9a-z]{26}_[0-9a-f]{64}", mail.text)


def test_answer_is_the_same_for_free_and_taken_addresses(world: World) -> None:
    world.add_user("active@example.com")
    world.add_user("disabled@example.com", status=Status.INACTIVE)
    world.add_user("unverified@example.com", status=Status.PENDING_VERIFICATION)
    world.add_invitation("invited@example.com")
    deleted = world.add_user("deleted@example.com")
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    known = ("active", "disabled", "unverified", "invited", "deleted")
    before = {name: registered(world, f"{name}@example.com") for name in known}
    sent = len(world.mails())

    replies = [register(world, email=f"{name}@example.com") for name in ("free", *known)]
    world.drain()

    assert {reply.status for reply in replies} == {202}
    assert len({repr((said(reply), reply.headers)) for reply in replies}) == 1
    for name in known:
        assert registered(world, f"{name}@example.com") == before[name]
        (mail,) = (each for each in world.mails()[sent:] if each.to == [f"{name}@example.com"])
        assert "already has an account" in " ".join(mail.text.split())
        assert "reg_" not in mail.text


@pytest.mark.parametrize("field", ["name", "username", "password", "profile"])
def test_nothing_but_the_address_is_chosen_before_it_is_confirmed(world: World, field: str) -> None:
    reply = register(world, **{field: "Somebody Else"})

    assert (reply.status, reply.fields) == (422, [field])
    assert world.users_with_email(EMAIL) == []


def test_only_the_link_of_the_last_attempt_works_and_its_user_chooses_the_name(
    world: World,
) -> None:
    register(world)
    user = registered(world)
    first = world.token_of(world.registration(user.id))
    register(world, source=STRANGER)
    second = world.token_of(world.registration(user.id))

    old, new = verify(world, first), verify(world, second, username="owner")

    assert (old.status, old.code) == (404, "link_not_found")
    assert (new.status, new.body["name"], new.body["username"]) == (200, "The Owner", "owner")
    assert world.user(user.id).name == "The Owner"


def test_second_attempt_does_not_change_the_user(world: World) -> None:
    register(world)
    user = registered(world)

    register(world, source=STRANGER)

    assert registered(world) == user
    assert world.registration(user.id).generation == 2


def test_identity_provider_is_not_called_so_that_it_reveals_nothing(world: World) -> None:
    world.add_user("taken@example.com")

    with watched(world.aws) as seen:
        register(world)
        register(world, email="taken@example.com")

    assert {call.service for call in seen} == {"dynamodb"}


def test_unverified_user_created_by_an_admin_does_not_change(world: World) -> None:
    made = world.add_user(EMAIL, status=Status.PENDING_VERIFICATION)

    assert [register(world).status for _ in range(3)] == [202] * 3

    assert world.user(made.id) == made
    world.drain()
    assert not [mail for mail in world.mails() if "reg_" in mail.text]


@pytest.mark.parametrize("email", [EMAIL, "taken@example.com"])
def test_attempts_of_a_stranger_leave_the_owner_their_own_mails(world: World, email: str) -> None:
    world.add_user("taken@example.com")
    replies = [register(world, source=STRANGER, email=email) for _ in range(10)]
    assert mails_to(world, email) == MAILS_OF_SOURCE.at_most == 5

    replies += [register(world, email=email) for _ in range(10)]

    assert mails_to(world, email) == 2 * MAILS_OF_SOURCE.at_most
    assert {reply.status for reply in replies} == {202}
    assert len({repr(said(reply)) for reply in replies}) == 1
    world.clock.advance(days=1)
    register(world, email=email, source=STRANGER)
    assert mails_to(world, email) == 2 * MAILS_OF_SOURCE.at_most + 1


def test_addresses_of_one_subscriber_and_headers_of_the_caller_are_no_other_source(
    world: World,
) -> None:
    for number in range(10):
        world.clock.advance(minutes=1)
        world.invoke(
            register_user,
            body={"email": EMAIL},
            source=f"2001:db8::{number:x}",
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
    assert mails_to(world, EMAIL) == MAILS_OF_SOURCE.at_most


def test_mails_to_one_address_are_limited_in_total(world: World) -> None:
    for number in range(MAILS.at_most + 5):
        register(world, source=f"198.51.100.{number}")
    assert mails_to(world, EMAIL) == MAILS.at_most == 25

    register(world, email="another@example.com")
    assert mails_to(world, "another@example.com") == 1


def test_route_is_not_found_without_self_registration(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"allow_registration": False})
    world.runtime = replace(world.runtime, settings=settings)

    for reply in (
        register(world),
        register(world, color="red"),
        world.invoke(verify_registration, body={"token": "reg_none"}),
    ):
        assert (reply.status, reply.code) == (404, "route_not_found")
    assert world.users_with_email(EMAIL) == []


def test_registering_grants_no_permissions(world: World) -> None:
    reply = register(world, isAdmin=True, roles=["rol_system"], status="active", password=PASSWORD)

    fields = ["isAdmin", "password", "roles", "status"]
    assert (reply.status, sorted(reply.fields)) == (422, fields)


def test_password_and_token_are_in_no_log_and_in_no_item(world: World, logged: StringIO) -> None:
    register(world, key="once")
    world.drain()
    token = world.token_of(world.registration(registered(world).id))
    assert verify(world, token).status == 200

    told = logged.getvalue() + repr(world.items())
    assert PASSWORD not in told
    assert token not in told


def test_journal_has_the_source_address_of_the_registration(world: World) -> None:
    register(world)

    entry = world.journal(registered(world).id)[0]
    assert (entry.actor.kind, entry.actor.ip_address) == ("anonymous", "192.0.2.7")
