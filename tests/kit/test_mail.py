"""Outgoing mail."""

from __future__ import annotations

import pytest

from rollcall.kit.errors import Unavailable
from rollcall.kit.mail import Mail
from tests.aws_edge import failing, watched
from tests.world import World


def test_mail_goes_out_from_the_deployments_address(world: World) -> None:
    with watched(world.aws) as seen:
        world.runtime.mail.send("jane@example.com", "Grüße", "Two\nlines")

    (mail,) = world.mails()
    assert (mail.to, mail.subject, mail.text) == (["jane@example.com"], "Grüße", "Two\nlines")
    (call,) = seen
    assert call.parameters["FromEmailAddress"] == "rollcall@example.com"


def test_deployment_without_an_address_sends_nothing(world: World) -> None:
    silent = Mail(lambda: world.ses, "")
    with watched(world.aws) as seen:
        silent.send("jane@example.com", "Subject", "Text")
    assert seen == []


def test_mail_that_ses_does_not_take_can_be_tried_again(world: World) -> None:
    with failing(world.aws, "sesv2"), pytest.raises(Unavailable) as refused:
        world.runtime.mail.send("jane@example.com", "Subject", "Text")
    assert refused.value.code == "mail_unavailable"
