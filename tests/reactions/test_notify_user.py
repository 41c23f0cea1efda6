"""The stream reaction that notifies users of changes to their account (I4, U7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.jobs.purge_deleted_users import purge_deleted_users
from functions.reactions.notify_user import notify_user
from functions.users.create_user import create_user
from functions.users.delete_user import delete_user
from functions.users.disable_user import disable_user
from functions.users.reset_password import reset_password
from functions.users.suspend_user import suspend_user
from functions.users.update_user import update_user
from rollcall.accounts.convergence import converge_account
from rollcall.kit.call import Call
from rollcall.kit.errors import Unavailable
from rollcall.kit.operation import Operation
from rollcall.users.email_bounce import BounceKind, EmailBounce
from rollcall.users.fields import Profile
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.world.aws_edge import failing, watched
from tests.world.stored_world import SentMail
from tests.world.world import World

PASSWORD = "TempPass123!"
EMAIL = "jane@example.com"


def ask(world: World, operation: Operation[Any, Any], user: User, **sent: Any) -> None:
    """Run an operation of the admin on a user, then the stream."""
    deleting = operation.method == "DELETE"
    body, query = (None, sent) if deleting else (sent, None)
    reply = world.invoke(operation, path={"user_id": user.id}, body=body, query=query)
    assert reply.status < 300, reply.body
    world.drain()


def told(world: World) -> list[tuple[str, str]]:
    """The recipients and subjects of the sent mails."""
    return [(mail.to[0], mail.subject) for mail in world.mails()]


def write_settled(world: World, user: User, after: User) -> dict[str, Any]:
    """Write a user's next version, of which Cognito hears and the stream does not yet; returns the
    entry as the stream will bring it.
    """
    world.write(user, after)
    converge_account(world.call(), user.id)
    return world.journal(user.id)[-1].item()


def only_mail(world: World) -> SentMail:
    """The one that was sent."""
    (mail,) = world.mails()
    return mail


@pytest.mark.parametrize(
    ("operation", "sent", "subject"),
    [
        (disable_user, {}, "Your Rollcall account was disabled"),
        (suspend_user, {}, "Your Rollcall account was suspended"),
        (update_user, {"status": "inactive"}, "Your Rollcall account was disabled"),
        (delete_user, {}, "Your Rollcall account was deleted"),
        (delete_user, {"mode": "soft"}, "Your Rollcall account was deleted"),
        (reset_password, {"newPassword": PASSWORD}, "Your Rollcall password was changed"),
        (update_user, {"password": PASSWORD}, "Your Rollcall password was changed"),
    ],
)
def test_user_is_notified_once_of_each_change(
    world: World, operation: Operation[Any, Any], sent: dict[str, Any], subject: str
) -> None:
    user = world.add_user(EMAIL, name="Jane <Doe>")

    ask(world, operation, user, **sent)
    world.seen.clear()
    world.drain()

    mail = only_mail(world)
    assert (mail.to, mail.subject) == ([EMAIL], subject)
    assert "Hello Jane <Doe>," in mail.text
    assert "<p>Hello Jane &lt;Doe&gt;,</p>" in mail.html
    assert "2026-01-05 09:00 UTC" in mail.text
    assert PASSWORD not in f"{mail}"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"temporaryPassword": PASSWORD}, "You get your first password from your administrator"),
        (
            {"temporaryPassword": PASSWORD, "sendInvite": True},
            "You get your first password in a separate mail",
        ),
        ({"sendInvite": True}, "You get your first password in a separate mail"),
        ({}, "You get your first password in a separate mail"),
    ],
)
def test_welcome_mail_says_where_the_first_password_comes_from(
    world: World, sent: dict[str, Any], words: str
) -> None:
    settings = world.runtime.settings.model_copy(update={"login_url": "https://app.example.com"})
    world.runtime = replace(world.runtime, settings=settings)

    assert world.invoke(create_user, body={"email": EMAIL, **sent}).status == 201
    world.drain()

    mail = only_mail(world)
    assert (mail.to, mail.subject) == ([EMAIL], "Welcome to Rollcall")
    assert mail.text.count("first password") == 1
    assert words in " ".join(mail.text.split())
    assert "expires after 7 days" in " ".join(mail.text.split())
    assert "Sign in: https://app.example.com" in mail.text
    assert 'href="https://app.example.com"' in mail.html
    assert PASSWORD not in f"{mail}"


@pytest.mark.parametrize(
    "sent",
    [
        {"email": EMAIL, "sendInvite": False},
        {"email": EMAIL, "sendInvite": False, "temporaryPassword": PASSWORD},
        {"email": EMAIL, "status": "suspended"},
        {"phone": "+4915112345678"},
    ],
)
def test_new_user_without_an_invitation_a_way_in_or_an_email_gets_no_mail(
    world: World, sent: dict[str, Any]
) -> None:
    world.configure(sms=True)
    assert world.invoke(create_user, body=sent).status == 201
    world.drain()
    assert world.mails() == []


def test_old_address_that_has_bounced_gets_no_mail_and_the_new_one_does(world: World) -> None:
    user = world.add_user("old@example.com")
    bounce = EmailBounce(at=world.clock.now, kind=BounceKind.BOUNCE)
    user = world.change_user(user, user.with_bounce(bounce, world.clock.now))

    ask(world, update_user, user, email="new@example.com")

    assert [mail.to for mail in world.mails()] == [["new@example.com"]]


def test_deleted_user_whose_address_has_bounced_gets_no_mail(world: World) -> None:
    user = world.add_user("old@example.com")
    bounce = EmailBounce(at=world.clock.now, kind=BounceKind.COMPLAINT)
    user = world.change_user(user, user.with_bounce(bounce, world.clock.now))

    ask(world, delete_user, user, mode="permanent")

    assert world.mails() == []


def test_old_address_does_not_learn_the_new_one(world: World) -> None:
    user = world.add_user("old@example.com")

    ask(world, update_user, user, email="new@example.com")

    new, old = world.mails()
    assert (new.to, old.to) == (["new@example.com"], ["old@example.com"])
    assert "sign in with new@example.com" in new.text
    assert "by an administrator" in old.text
    assert "new@example.com" not in old.text + old.html


def test_removed_and_first_addresses_are_notified(world: World) -> None:
    user = world.add_user(EMAIL, phone="+4915112345678")
    ask(world, update_user, user, email=None)
    assert told(world) == [(EMAIL, "Your Rollcall email address was changed")]
    ask(world, update_user, user, email="first@example.com")
    assert told(world)[1:] == [("first@example.com", "Your Rollcall email address")]


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("de-AT", "Ihr Konto bei Rollcall wurde deaktiviert"),
        ("fr", "Your Rollcall account was disabled"),
    ],
)
def test_mail_is_in_the_users_language_or_else_in_english(
    world: World, locale: str, subject: str
) -> None:
    user = world.add_user(EMAIL, profile=Profile(locale=locale))
    ask(world, disable_user, user)
    assert only_mail(world).subject == subject


def test_deleted_user_is_notified_in_the_language_of_the_erased_profile(world: World) -> None:
    user = world.add_user(EMAIL, name="Jane", profile=Profile(locale="de"))
    ask(world, delete_user, user)
    mail = only_mail(world)
    assert (mail.to, mail.subject) == ([EMAIL], "Ihr Konto bei Rollcall wurde gelöscht")
    assert "Guten Tag Jane!" in mail.text


def test_purge_sends_no_second_mail_after_the_soft_deletion(world: World) -> None:
    user = world.add_user(EMAIL)
    ask(world, delete_user, user, mode="soft")
    world.clock.advance(days=31)
    purge_deleted_users.run(world.runtime)
    world.drain()
    assert world.user(user.id).erased
    assert len(world.mails()) == 1


SILENT: list[tuple[dict[str, Any], Callable[[User, Call], User]]] = [
    ({}, lambda user, _: user.model_copy(update={"name": "New Name", "phone": "+4915112345678"})),
    ({"status": Status.INACTIVE}, lambda user, call: user.with_status(Status.ACTIVE, call.now)),
    ({"status": Status.INACTIVE}, lambda user, call: user.with_status(Status.SUSPENDED, call.now)),
    ({"status": Status.INVITED}, lambda user, call: user.as_erased(call.now)),
    (
        {"status": Status.INVITED},
        lambda user, call: user.with_status(Status.ACTIVE, call.now).with_credential(
            "password", call.now
        ),
    ),
    ({}, lambda user, call: user.with_credential("reset", call.now)),
]


@pytest.mark.parametrize(("fields", "step"), SILENT, ids=range(len(SILENT)))
def test_other_changes_send_no_notification(
    world: World, fields: dict[str, Any], step: Callable[[User, Call], User]
) -> None:
    user = world.add_user(**{"email": EMAIL, **fields})
    world.change_user(user, step(user, world.call()))
    assert world.mails() == []


def test_superseded_change_sends_no_notification(world: World) -> None:
    user = world.add_user(EMAIL)
    world.write(user, user.with_status(Status.INACTIVE, world.clock.now))
    closed = world.user(user.id)
    world.write(closed, closed.with_status(Status.ACTIVE, world.clock.now))
    world.drain()
    assert world.mails() == []


def test_undone_change_sends_no_notification(world: World) -> None:
    with failing(world.aws, "cognito-idp", "AdminCreateUser", code="InvalidPasswordException"):
        body = {"email": EMAIL, "temporaryPassword": PASSWORD}
        assert world.invoke(create_user, body=body).status == 422
    user = world.add_user("other@example.com")
    with failing(world.aws, "cognito-idp", "AdminSetUserPassword", code="InvalidPasswordException"):
        path, body = {"user_id": user.id}, {"newPassword": PASSWORD}
        assert world.invoke(reset_password, path=path, body=body).status == 422
    world.drain()
    assert world.mails() == []


def test_reaction_waits_while_the_operation_synchronizes_cognito(world: World) -> None:
    user = world.add_user(EMAIL)
    world.write(user, user.with_credential("password", world.clock.now))
    entry = world.journal(user.id)[-1]
    reads = 0

    def settle(**_: Any) -> None:
        nonlocal reads
        reads += 1
        if reads == 3:
            changed = world.user(user.id)
            values = {"identityVersion": changed.version}
            world.runtime.table.update_unversioned(
                changed.key(), values, remove=("pendingCredential",)
            )

    world.dynamodb.meta.events.register("before-call.dynamodb.Query", settle)
    try:
        notify_user.react(entry.item(), world.runtime)
    finally:
        world.dynamodb.meta.events.unregister("before-call.dynamodb.Query", settle)

    assert told(world) == [(EMAIL, "Your Rollcall password was changed")]
    assert reads >= 3


def test_mail_rejected_by_ses_is_sent_at_the_next_attempt(world: World) -> None:
    user = world.add_user("old@example.com")
    entry = write_settled(world, user, user.model_copy(update={"email": EMAIL}))

    with failing(world.aws, "sesv2", after=1), pytest.raises(Unavailable):
        notify_user.react(entry, world.runtime)
    assert [to for to, _ in told(world)] == [EMAIL]

    notify_user.react(entry, world.runtime)
    assert [to for to, _ in told(world)] == [EMAIL, "old@example.com"]


def test_mail_with_a_lost_mark_is_sent_twice_instead_of_never(world: World) -> None:
    user = world.add_user(EMAIL)
    entry = write_settled(world, user, user.with_status(Status.INACTIVE, world.clock.now))
    with failing(world.aws, "dynamodb", "PutItem"), pytest.raises(Unavailable):
        notify_user.react(entry, world.runtime)
    for _ in range(2):
        notify_user.react(entry, world.runtime)
    assert len(world.mails()) == 2


def test_operation_does_not_wait_for_a_mail_that_fails(world: World) -> None:
    user = world.add_user(EMAIL)
    with failing(world.aws, "sesv2"), watched(world.aws) as seen:
        assert world.invoke(disable_user, path={"user_id": user.id}).status == 200
    assert not [call for call in seen if call.service == "sesv2"]


def test_deployment_without_a_sender_reads_nothing_and_marks_nothing(world: World) -> None:
    silent = replace(world.runtime, mail=type(world.runtime.mail)(lambda: world.ses, ""))
    user = world.add_user(EMAIL)
    entry = write_settled(world, user, user.with_status(Status.INACTIVE, world.clock.now))
    with watched(world.aws) as seen:
        notify_user.react(entry, silent)
    assert seen == []
