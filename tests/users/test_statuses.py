"""User statuses: what each allows, and which can follow it (U12)."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from rollcall.kit.errors import Conflict
from rollcall.users.statuses import STATUS_RULES, Status
from rollcall.users.user import User

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_user(**fields: Any) -> User:
    return User(**{"id": "usr_1", "created_at": NOW, "updated_at": NOW, "version": 1, **fields})


def test_every_status_has_its_rules() -> None:
    assert STATUS_RULES.keys() == set(Status)
    assert all(status not in rules.followed_by for status, rules in STATUS_RULES.items())


@pytest.mark.parametrize(("before", "after"), [*product(Status, Status)])
def test_status_changes_follow_the_rules(before: Status, after: Status) -> None:
    user = make_user(status=before)
    if after is before:
        assert user.with_status(after, NOW) is user
    elif after in STATUS_RULES[before].followed_by:
        assert user.with_status(after, NOW).status is after
    else:
        with pytest.raises(Conflict) as refused:
            user.with_status(after, NOW)
        assert (refused.value.code, refused.value.detail) == (
            "status_change_refused",
            f"A user who is {before.value} cannot become {after.value}.",
        )


@pytest.mark.parametrize(
    ("status", "sign_in", "be_modified"),
    [
        ("invited", True, True),
        ("pending_verification", True, True),
        ("active", True, True),
        ("inactive", False, True),
        ("suspended", False, True),
        ("deleted", False, False),
    ],
)
def test_statuses_that_allow_signing_in_and_modification(
    status: str, sign_in: bool, be_modified: bool
) -> None:
    rules = STATUS_RULES[Status(status)]
    assert (rules.sign_in, rules.be_modified) == (sign_in, be_modified)


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("active", "inactive", True),
        ("active", "suspended", True),
        ("active", "pending_verification", True),
        ("active", "invited", False),
        ("invited", "active", True),
        ("inactive", "active", True),
        ("inactive", "suspended", True),
        ("inactive", "pending_verification", False),
        ("suspended", "active", True),
        ("suspended", "invited", False),
        ("deleted", "active", True),
        ("pending_verification", "deleted", True),
    ],
)
def test_examples_of_status_changes(before: str, after: str, allowed: bool) -> None:
    assert (Status(after) in STATUS_RULES[Status(before)].followed_by) is allowed
