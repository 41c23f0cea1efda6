"""Outgoing mail."""

from __future__ import annotations

from contextlib import suppress

import pytest

from rollcall.kit.errors import Unavailable
from rollcall.kit.mail import Mail, check_sender
from tests.world.aws_edge import failing, watched
from tests.world.world import World


def test_mail_is_sent_as_text_and_html_from_the_deployments_address(world: World) -> None:
    with watched(world.aws) as seen:
        world.runtime.mail.send("jane@example.com", "Grüße", "Two\nlines", "<p>Two<br>lines</p>")

    (mail,) = world.mails()
    assert (mail.to, mail.subject) == (["jane@example.com"], "Grüße")
    assert (mail.text, mail.html) == ("Two\nlines", "<p>Two<br>lines</p>")
    (call,) = seen
    assert call.parameters["FromEmailAddress"] == "rollcall@example.com"


def test_mail_is_sent_with_the_configuration_set_of_the_deployment(world: World) -> None:
    mail = Mail(lambda: world.ses, "rollcall@example.com", "failures")
    with watched(world.aws) as seen, suppress(Unavailable):
        mail.send("jane@example.com", "Subject", "Text")
    assert seen[0].parameters["ConfigurationSetName"] == "failures"
    with watched(world.aws) as seen:
        world.runtime.mail.send("jane@example.com", "Subject", "Text")
    assert "ConfigurationSetName" not in seen[0].parameters


def test_mail_may_be_plain_text_alone(world: World) -> None:
    with watched(world.aws) as seen:
        world.runtime.mail.send("jane@example.com", "Subject", "Text")
    (call,) = seen
    assert set(call.parameters["Content"]["Simple"]["Body"]) == {"Text"}


def test_deployment_without_an_address_sends_nothing(world: World) -> None:
    silent = Mail(lambda: world.ses, "")
    with watched(world.aws) as seen:
        silent.send("jane@example.com", "Subject", "Text")
    assert seen == []


def test_mail_that_ses_does_not_accept_can_be_retried(world: World) -> None:
    with failing(world.aws, "sesv2"), pytest.raises(Unavailable) as refused:
        world.runtime.mail.send("jane@example.com", "Subject", "Text")
    assert refused.value.code == "mail_unavailable"


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("jane@example.com\r\nBcc: eve@example.com", "Subject"),
        ("jane@example.com, eve@example.com", "Subject"),
        ("Jane <jane@example.com>", "Subject"),
        ("jänë@example.com", "Subject"),
        ("jane", "Subject"),
        ("", "Subject"),
        ("jane@example.com", "Subject\r\nBcc: eve@example.com"),
        ("jane@example.com", "Subject\u2028X"),
    ],
)
def test_value_that_could_add_a_header_or_a_recipient_is_never_sent(
    world: World, to: str, subject: str
) -> None:
    with watched(world.aws) as seen, pytest.raises(ValueError, match=r"Use one plain|Mail headers"):
        world.runtime.mail.send(to, subject, "Text")
    assert seen == []


@pytest.mark.parametrize(
    "sender",
    ["", "rollcall@example.com", "Rollcall <rollcall@example.com>", '"R, C" <r@x.example>'],
)
def test_sender_may_have_a_name(sender: str) -> None:
    assert check_sender(sender) == sender


@pytest.mark.parametrize("sender", ["Rollcall", "a@x.example, b@x.example", "a@x.example\nX: y"])
def test_sender_is_one_address_in_one_line(sender: str) -> None:
    with pytest.raises(ValueError, match=r"one plain email address|cannot contain line breaks"):
        check_sender(sender)
