"""Mails that go out once (U7, I20)."""

from __future__ import annotations

import pytest

from rollcall.kit.entity import EXPIRY_ATTRIBUTE
from rollcall.kit.errors import Unavailable
from rollcall.notices import MARK_KEPT, Notice, send_once
from tests.aws_edge import failing
from tests.world import World

NOTICE = Notice("jane@example.com", "Subject", "Text")


def test_one_entry_sends_one_mail_and_another_entry_another(world: World) -> None:
    for entry_id in ("jrn_1", "jrn_1", "jrn_2", "jrn_1"):
        send_once(world.call(), entry_id, NOTICE)
    assert len(world.mails()) == 2


def test_mail_that_was_not_taken_is_tried_again(world: World) -> None:
    with failing(world.aws, "sesv2"), pytest.raises(Unavailable):
        send_once(world.call(), "jrn_1", NOTICE)
    send_once(world.call(), "jrn_1", NOTICE)
    assert len(world.mails()) == 1


def test_mark_goes_by_itself(world: World) -> None:
    send_once(world.call(), "jrn_1", NOTICE)
    (mark,) = (item for item in world.items() if item["pk"] == "MAIL#jrn_1")
    assert mark[EXPIRY_ATTRIBUTE] == int((world.clock.now + MARK_KEPT).timestamp())
