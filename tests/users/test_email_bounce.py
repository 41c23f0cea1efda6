"""Emails that mails no longer go to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollcall.kit.errors import Conflict
from rollcall.users.email_bounce import BounceKind, EmailBounce, require_reachable
from rollcall.users.user import User

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
BOUNCE = EmailBounce(at=NOW, kind=BounceKind.BOUNCE, category="General")
LATER = NOW + timedelta(hours=1)


def make_user() -> User:
    return User(id="usr_1", created_at=NOW, updated_at=NOW, email="jane@example.com")


def test_mail_that_is_asked_for_is_refused_and_not_left_out_silently() -> None:
    require_reachable(None)
    with pytest.raises(Conflict) as refused:
        require_reachable(BOUNCE)
    assert refused.value.code == "email_bounced"


def test_first_bounce_stays() -> None:
    bounced = make_user().with_bounce(BOUNCE, NOW)
    complaint = EmailBounce(at=LATER, kind=BounceKind.COMPLAINT)
    assert bounced.with_bounce(complaint, LATER).email_bounced == BOUNCE


def test_mail_from_before_the_bounce_was_cleared_says_nothing_new() -> None:
    cleared = make_user().with_bounce(BOUNCE, NOW).without_bounce(LATER)
    assert cleared.with_bounce(BOUNCE, NOW) == cleared
    assert cleared.with_bounce(BOUNCE, LATER).email_bounced == BOUNCE


def test_next_version_with_another_email_has_no_bounce() -> None:
    bounced = make_user().with_bounce(BOUNCE, NOW)
    for email in ("new@example.com", None):
        after = bounced.model_copy(update={"email": email}).succeed(bounced, LATER)
        assert (after.email_bounced, after.email_works_since) == (None, LATER)
    assert bounced.model_copy(update={"name": "Jane"}).succeed(bounced, LATER).email_bounced


def test_user_without_a_bounce_does_not_change_when_it_is_cleared() -> None:
    assert make_user().without_bounce(NOW) == make_user()
