"""Mails that are sent once (U7, I20)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.kit.errors import Unavailable
from rollcall.mails.catalog import INVITATION
from rollcall.mails.notices import MARK_KEPT, Notice, Recipient, send_once, write_notice
from rollcall.users.email_bounce import BounceKind, EmailBounce
from tests.world.aws_edge import failing
from tests.world.world import World

NOTICE = Notice("jane@example.com", "Subject", "Text")


def test_one_entry_sends_one_mail_and_another_entry_another(world: World) -> None:
    for entry_id in ("jrn_1", "jrn_1", "jrn_2", "jrn_1"):
        send_once(world.call(), entry_id, NOTICE)
    assert len(world.mails()) == 2


def test_rejected_mail_is_retried(world: World) -> None:
    with failing(world.aws, "sesv2"), pytest.raises(Unavailable):
        send_once(world.call(), "jrn_1", NOTICE)
    send_once(world.call(), "jrn_1", NOTICE)
    assert len(world.mails()) == 1


def test_mail_to_an_address_that_has_bounced_is_not_sent(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    send_once(world.call(), "jrn_1", NOTICE._replace(bounced=True))
    assert world.mails() == []
    assert [vars(each)["outcome"] for each in caplog.records] == ["skipped_bounced"]
    assert NOTICE.to not in repr([vars(each) for each in caplog.records])


def test_recipient_has_bounced_only_at_the_address_of_the_bounce(world: World) -> None:
    user = world.add_user("jane@example.com", name="Jane")
    assert not Recipient.of(user).bounced
    bounce = EmailBounce(at=world.clock.now, kind=BounceKind.BOUNCE)
    bounced = user.with_bounce(bounce, world.clock.now)

    assert Recipient.of(bounced) == Recipient("jane@example.com", "Jane", bounced=True)
    assert Recipient.at("jane@example.com", bounced).bounced
    assert not Recipient.at("other@example.com", bounced).bounced
    assert Recipient.at("other@example.com", None, name="Jo") == Recipient(
        "other@example.com", "Jo"
    )


def test_mark_of_a_sent_mail_expires(world: World) -> None:
    send_once(world.call(), "jrn_1", NOTICE)
    (mark,) = (item for item in world.items() if item["pk"] == "MAIL#jrn_1")
    assert mark[EXPIRY_ATTRIBUTE] == int((world.clock.now + MARK_KEPT).timestamp())


def test_mail_has_the_values_of_the_deployment_and_the_caller(world: World, tmp_path: Path) -> None:
    (tmp_path / "layout.html").write_text("Acme's own: $content")
    said = {"product_name": "Acme", "mail_templates": str(tmp_path)}
    settings = world.runtime.settings.model_copy(update=said)
    call = replace(world.call(), runtime=replace(world.runtime, settings=settings))
    jane = Recipient("jane@example.com", "Jane", "de-DE")

    notice = write_notice(call, INVITATION, jane, {"link": "https://x.example/#token=1"})
    send_once(call, "jrn_1", notice)

    (mail,) = world.mails()
    assert (mail.to, mail.subject) == (["jane@example.com"], "Sie sind zu Acme eingeladen")
    assert "Guten Tag Jane!" in mail.text
    assert "https://x.example/#token=1" in mail.text
    assert mail.html.startswith("Acme's own: <p>Guten Tag Jane!</p>")
