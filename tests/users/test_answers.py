"""Answers about users show their data without bookkeeping (U6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rollcall.users.answers import UserAnswer
from rollcall.users.user import User

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_user(**fields: Any) -> User:
    return User(**{"id": "usr_1", "created_at": NOW, "updated_at": NOW, "version": 1, **fields})


def test_answer_shows_no_bookkeeping() -> None:
    shown = UserAnswer.of(make_user(auth_epoch=7)).model_dump(by_alias=True)
    assert shown.keys().isdisjoint({"authEpoch", "erased", "identityVersion", "memberships"})
