"""POST /register (U16, I3, I17)."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from typing import Any

from functions.registration.register_user import MAILS, register_user
from functions.registration.verify_registration import verify_registration
from functions.users.get_me import get_me
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.aws_edge import watched
from tests.world.gateway import Reply
from tests.world.world import World

EMAIL = "new@example.com"
PASSWORD = "TempPass123!"


def register(world: World, key: str = "", **body: Any) -> Reply:
    """Send a request a minute after the previous one."""
    world.clock.advance(minutes=1)
    headers = {"Idempotency-Key": key} if key else {}
    known = {"email": EMAIL, "name": "New User"}
    return world.invoke(register_user, body={**known, **body}, headers=headers)


def registered(world: World, email: str = EMAIL) -> User:
    (user,) = world.users_with_email(email)
    return user


def said(reply: Reply) -> dict[str, Any]:
    """An answer without its time."""
    return {name: each for name, each in reply.body.items() if name != "receivedAt"}


def test_registered_user_is_unverified_and_has_no_access(world: World) -> None:
    reply = register(world, username="wished")
    world.drain()

    assert (reply.status, set(reply.body)) == (202, {"message", "receivedAt"})
    user = registered(world)
    assert (user.status, user.name, user.username) == (
        Status.PENDING_VERIFICATION,
        "New User",
        "wished",
    )
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


def test_taken_username_gets_a_number_for_free_and_taken_addresses(world: World) -> None:
    world.add_user("taken@example.com", username="wished")

    free = register(world, username="wished")
    taken = register(world, email="taken@example.com", username="wished")

    assert said(free) == said(taken)
    assert registered(world).username == "wished2"


def test_only_the_link_of_the_last_attempt_works(
    world: World,
) -> None:
    register(world, name="Somebody Else")
    user = registered(world)
    first = world.token_of(world.registration(user.id))
    register(world, name="The Owner")
    second = world.token_of(world.registration(user.id))

    old, new = (
        world.invoke(verify_registration, body={"token": token, "password": PASSWORD})
        for token in (first, second)
    )

    assert (old.status, old.code) == (404, "link_not_found")
    assert (new.status, new.body["name"]) == (200, "The Owner")


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


def test_mails_to_one_address_are_limited_across_all_sources(world: World) -> None:
    world.add_user("taken@example.com")
    replies = [register(world, email="taken@example.com") for _ in range(MAILS.at_most + 3)]
    world.drain()

    assert {reply.status for reply in replies} == {202}
    assert len({repr(said(reply)) for reply in replies}) == 1
    assert 0 < len(world.mails()) <= MAILS.at_most
    world.clock.advance(hours=1)
    register(world, email="taken@example.com")
    world.drain()
    assert len(world.mails()) >= 2


def test_route_is_not_found_without_self_registration(world: World) -> None:
    settings = world.runtime.settings.model_copy(update={"allow_registration": False})
    world.runtime = replace(world.runtime, settings=settings)

    for reply in (
        register(world),
        register(world, colour="red"),
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
    world.invoke(verify_registration, body={"token": token, "password": PASSWORD})

    told = logged.getvalue() + repr(world.items())
    assert PASSWORD not in told
    assert token not in told


def test_journal_has_the_source_address_of_the_registration(world: World) -> None:
    register(world)

    entry = world.journal(registered(world).id)[0]
    assert (entry.actor.kind, entry.actor.ip_address) == ("anonymous", "192.0.2.7")
