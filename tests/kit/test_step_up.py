"""Step-up: how old a sign-in is, and who needs a recent one (RFC 9470)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollcall.kit.actor import Actor, ActorKind
from rollcall.kit.errors import SignInInsufficient
from rollcall.kit.settings import Settings
from rollcall.kit.step_up import read_sign_in_time, require_fresh_sign_in

NOW = datetime(2026, 1, 5, 9, 0, 0, 700_000, tzinfo=UTC)
SECOND = int(NOW.timestamp())


def settings(**changed: Any) -> Settings:
    return Settings(table_name="people", user_pool_id="pool", **changed)


def is_refused(actor: Actor, **changed: Any) -> bool:
    try:
        require_fresh_sign_in(actor, settings(**changed), NOW)
    except SignInInsufficient as problem:
        return problem.code == "fresh_sign_in_required"
    return False


def signed_in(ago: timedelta, kind: ActorKind = "user") -> Actor:
    return Actor(kind=kind, id="usr_1", signed_in_at=int((NOW - ago).timestamp()))


@pytest.mark.parametrize(
    ("claim", "read"),
    [
        (str(SECOND), SECOND),
        ("0", 0),
        (str(SECOND + 1), SECOND + 1),
        ("9" * 15, 999_999_999_999_999),
        ("9" * 16, 0),
        ("9" * 5_000, 0),
        ("", 0),
        (" ", 0),
        ("-1", 0),
        ("1.5", 0),
        ("1e9", 0),
        ("0x10", 0),
        ("1_767_603_600", 0),
        ("\u0661\u0667", 0),
        (f"{SECOND}\n", 0),
        ("Mon Jan 05 09:00:00 UTC 2026", 0),
        ("null", 0),
        ("nan", 0),
    ],
)
def test_time_of_the_sign_in_is_unknown_unless_it_is_a_number_of_seconds(
    claim: str, read: int
) -> None:
    assert read_sign_in_time({"auth_time": claim}) == read


def test_token_without_a_time_has_no_recent_sign_in() -> None:
    assert read_sign_in_time({}) == 0
    assert is_refused(Actor(kind="user", id="usr_1"))


@pytest.mark.parametrize(
    ("ago", "refused"),
    [
        (timedelta(0), False),
        (timedelta(minutes=479, seconds=59), False),
        (timedelta(minutes=480), True),  # the token has no fraction, so it is 0.7 s older
        (timedelta(days=30), True),
        (timedelta(seconds=-60), False),
        (timedelta(seconds=-62), True),
        (timedelta(days=-365), True),
    ],
)
def test_sign_in_is_recent_for_eight_hours(ago: timedelta, refused: bool) -> None:
    assert is_refused(signed_in(ago)) is refused


def test_time_can_be_set_and_is_in_the_error() -> None:
    with pytest.raises(SignInInsufficient) as error:
        require_fresh_sign_in(
            signed_in(timedelta(minutes=6)), settings(fresh_sign_in_minutes=5), NOW
        )
    assert error.value.extensions == {"maxAge": 300}
    assert "5 minutes" in error.value.detail
    assert not is_refused(signed_in(timedelta(minutes=6)), fresh_sign_in_minutes=7)


def test_scaled_clock_does_not_shorten_the_time() -> None:
    assert not is_refused(signed_in(timedelta(days=100)), time_scale=20_000)


@pytest.mark.parametrize("kind", ["client", "system"])
def test_services_and_jobs_have_no_sign_in(kind: ActorKind) -> None:
    assert not is_refused(signed_in(timedelta(days=30), kind))
