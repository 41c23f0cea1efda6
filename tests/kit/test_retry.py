"""Retries after a concurrent write (I8)."""

from __future__ import annotations

import pytest

from rollcall.kit.errors import Conflict, Contended, NotFound
from rollcall.kit.retry import ATTEMPTS, retry_contended


def attempt_after(failures: int, attempts: list[int]) -> str:
    attempts.append(len(attempts))
    if len(attempts) <= failures:
        raise Contended
    return "done"


def test_contended_attempt_is_retried() -> None:
    attempts: list[int] = []
    assert retry_contended(lambda: attempt_after(2, attempts)) == "done"
    assert len(attempts) == 3


def test_other_errors_are_not_retried() -> None:
    attempts: list[int] = []

    def attempt() -> None:
        attempts.append(1)
        raise NotFound("user_not_found", "User not found")

    with pytest.raises(NotFound):
        retry_contended(attempt)
    assert len(attempts) == 1


def test_persistent_contention_becomes_a_conflict() -> None:
    attempts: list[int] = []
    with pytest.raises(Conflict, match="Send the request again") as refused:
        retry_contended(lambda: attempt_after(ATTEMPTS, attempts))
    assert (refused.value.code, len(attempts)) == ("contended", ATTEMPTS)
