"""Events of SES about mails that did not arrive."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ministack.services.eventbridge import _matches_pattern
from pydantic import ValidationError

from rollcall.kit.background import Background
from rollcall.kit.call import Call
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.mail_event import MailEvent, MailEventReaction, read_mail_event
from rollcall.operations import connect
from tests.world.world import World

MAIL = {"timestamp": "2026-01-05T08:59:00.000Z", "destination": ["jane@example.com"]}
BOUNCE = {
    "bounceType": "Permanent",
    "bounceSubType": "General",
    "bouncedRecipients": [{"emailAddress": "jane@example.com", "diagnosticCode": "550"}],
    "timestamp": "2026-01-05T09:00:00.000Z",
}
COMPLAINT = {
    "complainedRecipients": [{"emailAddress": "Jane <jane@example.com>"}],
    "timestamp": "2026-01-05T09:00:00.000Z",
}


def read(mail: dict[str, Any] = MAIL, **failure: Any) -> MailEvent | None:
    return read_mail_event({"detail": {"mail": mail, **failure}})


def test_permanent_bounce_has_its_category_its_times_and_each_address_once() -> None:
    found = read(bounce=BOUNCE)
    assert found is not None
    assert (found.kind, found.category, found.addresses) == (
        "bounce",
        "General",
        ("jane@example.com",),
    )
    assert (found.sent_at.minute, found.at.minute) == (59, 0)


def test_complaint_need_not_have_a_category_and_names_are_left_out() -> None:
    found = read(complaint=COMPLAINT)
    assert found is not None
    assert (found.kind, found.category, found.addresses) == ("complaint", "", ("jane@example.com",))


def test_category_is_short() -> None:
    found = read(bounce={**BOUNCE, "bounceSubType": "x" * 1000})
    assert found is not None
    assert len(found.category) == 50


@pytest.mark.parametrize(
    "failure",
    [
        {"bounce": {**BOUNCE, "bounceType": "Transient"}},
        {"bounce": {**BOUNCE, "bounceType": "Undetermined"}},
        {"complaint": {**COMPLAINT, "complaintFeedbackType": "not-spam"}},
        {"delivery": {}},
        {},
    ],
)
def test_other_events_say_nothing_about_the_address(failure: dict[str, Any]) -> None:
    assert read(**failure) is None


def test_reaction_is_called_for_failures_only_and_fails_for_events_of_another_form(
    world: World,
) -> None:
    seen: list[MailEvent] = []

    def follow_mail(event: MailEvent, call: Call) -> None:
        """Follow mails."""
        assert call.actor.id == "follow_mail"
        seen.append(event)

    follow_mail.__module__ = "functions.reactions.follow_mail"
    declare = Background(connect=lambda: world.runtime).mail_event_reaction()
    reaction = declare(follow_mail)

    reaction({"id": "1", "detail": {"mail": MAIL, "bounce": BOUNCE}}, None)
    reaction({"id": "2", "detail": {"mail": MAIL, "delivery": {}}}, None)
    with pytest.raises(ValidationError):
        reaction({"id": "3", "detail": {"bounce": BOUNCE}}, None)

    assert len(seen) == 1


def test_reaction_must_take_the_event() -> None:
    def follow_mail(call: Call) -> None:
        """Follow mails."""

    follow_mail.__module__ = "functions.reactions.follow_mail"
    with pytest.raises(WrongDeclaration, match=r"It must take \(MailEvent, Call\)"):
        Background(connect=connect).mail_event_reaction()(follow_mail)  # type: ignore[arg-type]  # this is the point


@pytest.mark.parametrize(
    ("detail_type", "configuration_set", "matches"),
    [
        ("Email Bounced", "rollcall", True),
        ("Email Complaint Received", "rollcall", True),
        ("Email Delivered", "rollcall", False),
        ("Email Bounced", "another", False),
    ],
)
def test_rule_selects_failures_of_the_deployments_configuration_set(
    detail_type: str, configuration_set: str, matches: bool
) -> None:
    tags = {"ses:configuration-set": [configuration_set]}
    event = {
        "Source": "aws.ses",
        "DetailType": detail_type,
        "Detail": json.dumps({"mail": {**MAIL, "tags": tags}}),
    }
    pattern = json.dumps(MailEventReaction.event_pattern("rollcall"))
    assert _matches_pattern(pattern, event) is matches
