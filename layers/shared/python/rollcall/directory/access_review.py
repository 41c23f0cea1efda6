"""What admins should look through from time to time: who has access, and who should perhaps not
(L2).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from rollcall.directory.conditions import KnownFacts, compile_condition, read_filter
from rollcall.directory.database import Database
from rollcall.kit.model import format_time
from rollcall.lifecycle_policy import LifecyclePolicy

LISTED_AT_MOST = 20
"""How many of each kind a mail names."""


class Finding(NamedTuple):
    """Users of one kind."""

    words: str
    filter: str
    """By which lists select them."""
    number: int
    named: tuple[str, ...]
    """The first of them, by what one knows them by."""


def describe_kinds(policy: LifecyclePolicy, now: datetime) -> Mapping[str, tuple[str, str]]:
    """The kinds of users to look through: their words, and the filters that select them."""
    ended = format_time(now - timedelta(days=policy.end_invitations_after_days))
    active = 'status eq "active"'
    return {
        "admins": ("Platform admins", f"{active} and isAdmin eq true"),
        "without_groups": ("In no group", f"{active} and not (groups pr)"),
        "never_signed_in": ("Never signed in", f"{active} and not (lastLoginAt pr)"),
        "disabled": ("Disabled or suspended", 'status eq "inactive" or status eq "suspended"'),
        "pending_invitations": (
            "Invited, not yet accepted",
            f'status eq "invited" and createdAt gt "{ended}"',
        ),
        "expired_invitations": (
            "Invited, and never accepted in time",
            f'status eq "invited" and createdAt le "{ended}"',
        ),
    }


def find_all(database: Database, policy: LifecyclePolicy, now: datetime) -> dict[str, Finding]:
    """The users of each kind, counted and partly named."""
    kinds = describe_kinds(policy, now)
    return {name: _find(database, *kind, now) for name, kind in kinds.items()}


def _find(database: Database, words: str, text: str, now: datetime) -> Finding:
    condition = compile_condition(read_filter(text), KnownFacts({}, now))
    with database.hold() as fetch:
        count = f"SELECT count(*) FROM users WHERE {condition.sql}"
        ((number,),) = fetch(count, condition.parameters)
        name = 'coalesce("email", "phone", "username", id)'
        first = f"SELECT {name} FROM users WHERE {condition.sql} ORDER BY 1 LIMIT ?"
        named = fetch(first, [*condition.parameters, LISTED_AT_MOST])
    return Finding(words, text, int(number), tuple(str(each) for (each,) in named))
