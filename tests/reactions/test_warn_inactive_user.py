"""Users are warned before they are disabled (L1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.reactions.warn_inactive_user import warn_inactive_user
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import LifecyclePolicy, LifecycleTerms
from rollcall.users.inactivity import Inactivity
from rollcall.users.statuses import Status
from rollcall.users.user import User
from tests.faults.staging import last_entry
from tests.world.iam import acting_as
from tests.world.world import World


def warn(world: World, user: User) -> Inactivity:
    """Write only a warning, as the clean-up does."""
    kept = Inactivity.none_of(user.id, world.clock.now)
    disables_at = world.clock.now + timedelta(days=14)
    warned = kept.with_warning(world.clock.now, disables_at)
    return world.call("warn").commit(Change(None, warned), answer=lambda written: written)


def react(world: World, warned: Inactivity) -> None:
    with acting_as(warn_inactive_user):
        warn_inactive_user.react(last_entry(world, warned.id), world.runtime)


def test_mail_has_the_day_and_is_sent_once(world: World) -> None:
    warned = warn(world, world.add_user("ada@example.com"))

    for _ in range(2):
        react(world, warned)

    (mail,) = world.mails()
    assert mail.to == ["ada@example.com"]
    assert mail.subject == "Your Rollcall account will be disabled on 2026-01-19"
    assert "will be disabled on 2026-01-19 unless you sign in before" in mail.text


def test_days_are_those_of_the_policys_time_zone_and_the_last_sign_in_is_named(
    world: World,
) -> None:
    terms = LifecycleTerms(time_zone="Pacific/Auckland")
    policy = LifecyclePolicy.default(world.clock.now).with_terms(terms)
    world.call().commit(Change(None, policy), answer=lambda written: written)
    world.clock.now = world.clock.now.replace(hour=12)
    user = world.add_user("ada@example.com")
    world.sign_in(user.id)
    world.clock.advance(days=80)

    react(world, warn(world, user))

    (mail,) = world.mails()
    assert "signed in to Rollcall on 2026-01-06." in mail.text
    assert "will be disabled on 2026-04-10 unless" in mail.text


def close(world: World, user_id: str) -> None:
    user = world.user(user_id)
    world.write(user, user.with_status(Status.SUSPENDED, world.clock.now))


@pytest.mark.parametrize("happens", [World.sign_in, close], ids=["sign-in", "suspension"])
def test_user_who_no_longer_needs_a_warning_gets_no_mail(
    world: World, happens: Callable[[World, str], None]
) -> None:
    warned = warn(world, world.add_user("ada@example.com"))
    world.clock.advance(seconds=5)
    happens(world, warned.user_id)

    react(world, warned)

    assert world.mails() == []


def test_disabling_sends_no_warning(world: World) -> None:
    warned = warn(world, world.add_user("ada@example.com"))
    disabled = warned.with_disabling(world.clock.now)
    world.call().commit(Change(warned, disabled), answer=lambda written: written)

    react(world, warned)

    assert world.mails() == []
