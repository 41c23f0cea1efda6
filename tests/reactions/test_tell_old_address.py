"""The stream reaction that tells an old address of its replacement (U7)."""

from __future__ import annotations

import pytest

from functions.reactions.tell_old_address import tell_old_address
from rollcall.kit.errors import Unavailable
from tests.aws_edge import failing
from tests.world import World


def replace_email(world: World) -> str:
    user = world.add_user("old@example.com")
    after = user.model_copy(update={"email": "new@example.com"})
    world.write(user, after)
    return user.id


def test_mail_goes_to_the_old_address_and_does_not_name_the_new_one(world: World) -> None:
    replace_email(world)

    world.drain()

    (mail,) = world.mails()
    assert mail.to == ["old@example.com"]
    assert "by an administrator" in mail.text
    assert "new@example.com" not in mail.text


def test_entry_that_comes_twice_sends_one_mail(world: World) -> None:
    user_id = replace_email(world)
    entry = world.journal(user_id)[-1]

    for _ in range(3):
        tell_old_address.react(entry.item(), world.runtime)

    assert len(world.mails()) == 1


def test_mail_that_ses_did_not_take_is_sent_at_the_next_attempt(world: World) -> None:
    user_id = replace_email(world)
    entry = world.journal(user_id)[-1]

    with failing(world.aws, "sesv2"), pytest.raises(Unavailable):
        tell_old_address.react(entry.item(), world.runtime)
    assert world.mails() == []

    tell_old_address.react(entry.item(), world.runtime)
    assert len(world.mails()) == 1


def test_nobody_is_told_of_a_first_address_of_another_change_or_of_a_deletion(
    world: World,
) -> None:
    user = world.add_user()
    renamed = world.change_user(user, user.model_copy(update={"name": "New Name"}))
    world.change_user(renamed, renamed.as_erased(world.clock.now))
    assert world.mails() == []
