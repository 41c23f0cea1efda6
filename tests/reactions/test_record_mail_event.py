"""Bounces and complaints are recorded at the user who has the address (I4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.directory.list_users import list_users
from functions.invitations.resend_invitation import resend_invitation
from functions.reactions.record_mail_event import record_mail_event
from functions.registration.register_user import register_user
from functions.users.disable_user import disable_user
from functions.users.get_user import get_user
from functions.users.get_user_history import get_user_history
from functions.users.reset_password import reset_password
from functions.users.update_user import update_user
from rollcall.kit.model import format_time
from rollcall.users.statuses import Status
from tests.faults.staging import last_entry
from tests.world.gateway import Reply
from tests.world.iam import acting_as
from tests.world.world import World

ADDRESS = "jane@example.com"


def event(
    address: str = ADDRESS,
    *,
    at: datetime,
    kind: str = "bounce",
    bounce_type: str = "Permanent",
    category: str = "General",
    sent_to: tuple[str, ...] = (),
) -> dict[str, Any]:
    """An event of EventBridge, as in the SES developer guide."""
    time = format_time(at)
    recipients = [{"emailAddress": address, "diagnosticCode": "smtp; 550 eve@example.com"}]
    failure = {
        "bounce": {
            "bounceType": bounce_type,
            "bounceSubType": category,
            "bouncedRecipients": recipients,
            "timestamp": time,
            "feedbackId": "feedback",
        },
        "complaint": {
            "complaintFeedbackType": category,
            "complainedRecipients": recipients,
            "timestamp": time,
            "feedbackId": "feedback",
        },
    }
    mail = {"timestamp": time, "messageId": "1", "destination": list(sent_to or [address])}
    return {"id": "event", "source": "aws.ses", "detail": {"mail": mail, kind: failure[kind]}}


def react(world: World, *events: dict[str, Any]) -> None:
    with acting_as(record_mail_event):
        for each in events:
            record_mail_event.react(each, world.runtime)
    world.drain()


def show(world: World, user_id: str) -> Any:
    return world.invoke(get_user, path={"user_id": user_id}).body.get("emailBounced")


def patch(world: World, user_id: str, **body: Any) -> Reply:
    reply = world.invoke(update_user, path={"user_id": user_id}, body=body)
    world.drain()
    return reply


@pytest.mark.parametrize(
    ("kind", "category"), [("bounce", "NoEmail"), ("complaint", "abuse"), ("complaint", "")]
)
def test_user_shows_since_when_and_why_no_mail_arrives(
    world: World, kind: str, category: str
) -> None:
    user = world.add_user(ADDRESS)
    world.clock.advance(minutes=1)

    react(world, event(at=world.clock.now, kind=kind, category=category))

    assert show(world, user.id) == {
        "at": "2026-01-05T09:01:00.000Z",
        "kind": kind,
        "category": category,
    }
    entry = last_entry(world, user.id)
    assert entry["actor"]["id"] == "record_mail_event"
    assert "eve@example.com" not in repr(world.items())
    history = world.invoke(get_user_history, path={"user_id": user.id}).body["items"]
    assert [each["changes"].keys() == {"emailBounced"} for each in history] == [True, False]


@pytest.mark.parametrize(
    "ignored",
    [
        {"bounce_type": "Transient", "category": "MailboxFull"},
        {"bounce_type": "Undetermined"},
        {"kind": "complaint", "category": "not-spam"},
        {"address": "nobody@example.com"},
        {"address": "no address"},
        {"address": ""},
    ],
)
def test_event_that_makes_no_address_of_a_user_unusable_changes_nothing(
    world: World, ignored: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    user = world.add_user(ADDRESS)
    react(world, event(**{"at": world.clock.now, **ignored}))
    assert world.user(user.id) == user
    assert "nobody@example.com" not in repr([vars(each) for each in caplog.records])


@pytest.mark.parametrize("address", ["JANE@Example.com", "Jane <jane@example.com>"])
def test_address_is_found_however_it_is_written(world: World, address: str) -> None:
    user = world.add_user(ADDRESS)
    react(world, event(address, at=world.clock.now))
    assert show(world, user.id)


def test_forwarded_mail_bounces_at_the_address_that_it_was_sent_to(world: World) -> None:
    user = world.add_user(ADDRESS)
    react(world, event("forwarded@example.com", at=world.clock.now, sent_to=(ADDRESS,)))
    assert show(world, user.id)


def test_mail_to_several_people_bounces_only_at_those_who_are_named(world: World) -> None:
    jane, other = world.add_user(ADDRESS), world.add_user("other@example.com")
    both = (ADDRESS, "other@example.com")
    react(world, event(at=world.clock.now, sent_to=both))
    assert show(world, jane.id)
    assert show(world, other.id) is None


def test_repeated_event_makes_no_second_version(world: World) -> None:
    user = world.add_user(ADDRESS)
    first = event(at=world.clock.now)
    react(world, first, first, event(at=world.clock.now, kind="complaint", category="abuse"))
    assert world.user(user.id).version == user.version + 1
    assert show(world, user.id)["kind"] == "bounce"


def test_change_of_the_email_ends_it_and_late_events_about_the_former_email_are_ignored(
    world: World,
) -> None:
    user = world.add_user(ADDRESS)
    late = event(at=world.clock.now)
    react(world, late)
    world.clock.advance(minutes=5)

    assert "emailBounced" not in patch(world, user.id, email="new@example.com").body
    react(world, late)

    assert show(world, user.id) is None


def test_admin_says_that_the_address_works_again_and_repeated_events_do_not_change_it(
    world: World,
) -> None:
    user = world.add_user(ADDRESS)
    late = event(at=world.clock.now)
    react(world, late)
    world.clock.advance(minutes=5)

    assert patch(world, user.id, emailBounced=True).status == 422
    assert patch(world, user.id, emailBounced=None).status == 422
    assert patch(world, user.id, name="Jane").body["emailBounced"]["kind"] == "bounce"
    assert "emailBounced" not in patch(world, user.id, emailBounced=False).body
    react(world, late)
    assert show(world, user.id) is None

    react(world, event(at=world.clock.now + timedelta(minutes=1)))
    assert show(world, user.id)


def test_refused_change_of_the_email_brings_the_bounce_back(world: World) -> None:
    user = world.add_user(ADDRESS)
    react(world, event(at=world.clock.now))
    account = replace(user.account(), id="stranger", email="taken@example.com", username=None)
    world.runtime.identity.create(account, None, invite=False)
    assert patch(world, user.id, email="taken@example.com").status == 422
    assert world.user(user.id).email == ADDRESS
    assert show(world, user.id)["kind"] == "bounce"


def test_no_mail_goes_to_the_address_any_more(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    user = world.add_user(ADDRESS)
    react(world, event(at=world.clock.now))

    world.invoke(disable_user, path={"user_id": user.id})
    world.drain()

    assert world.mails() == []
    assert "skipped_bounced" in [vars(each).get("outcome") for each in caplog.records]
    patch(world, user.id, status="active", emailBounced=False)
    world.invoke(disable_user, path={"user_id": user.id})
    world.drain()
    assert [mail.to for mail in world.mails()] == [[ADDRESS]]


def test_reset_by_mail_is_refused_and_a_new_password_is_not(world: World) -> None:
    user = world.add_user(ADDRESS)
    react(world, event(at=world.clock.now))
    path = {"user_id": user.id}

    refused = world.invoke(reset_password, path=path)
    assert (refused.status, refused.body["code"]) == (409, "email_bounced")
    done = world.invoke(reset_password, path=path, body={"newPassword": "TempPass123!"})
    assert done.status == 200


def test_invitation_that_bounced_is_resent_only_after_a_correction(world: World) -> None:
    invitation = world.add_invitation(ADDRESS)
    react(world, event(at=world.clock.now))
    path = {"invitation_id": invitation.id}

    refused = world.invoke(resend_invitation, path=path)
    assert (refused.status, refused.body["code"]) == (409, "email_bounced")
    before = len(world.mails())

    patch(world, invitation.user_id, email="jane.doe@example.com")

    assert [mail.to for mail in world.mails()[before:]].count(["jane.doe@example.com"]) >= 1
    assert all(mail.to == ["jane.doe@example.com"] for mail in world.mails()[before:])


def test_registration_that_bounced_gets_no_second_mail(world: World) -> None:
    world.add_registration(ADDRESS)
    react(world, event(at=world.clock.now))
    before = len(world.mails())

    assert world.invoke(register_user, body={"email": ADDRESS}).status == 202
    world.drain()

    assert len(world.mails()) == before


def test_directory_filters_by_it(world: World) -> None:
    user = world.add_user(ADDRESS)
    world.add_user()
    world.build_directory()
    react(world, event(at=world.clock.now))

    for query in ({"email_bounced": "true"}, {"filter": "emailBounced eq true"}):
        listed = world.invoke(list_users, query=query).body["items"]
        assert [(each["id"], each["emailBounced"]) for each in listed] == [(user.id, True)]


def test_soft_deleted_user_keeps_it_and_tombstone_does_not(world: World) -> None:
    user = world.add_user(ADDRESS)
    user = world.change_user(user, user.as_deleted(world.clock.now))
    react(world, event(at=world.clock.now))
    user = world.user(user.id)
    assert (user.status, user.email_bounced is not None) == (Status.DELETED, True)

    erased = user.as_erased(world.clock.now)
    assert (erased.email_bounced, erased.email_works_since) == (None, None)
