"""How many users a lifecycle policy affects (L1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from rollcall.lifecycle.decisions import Decision, Deed
from rollcall.lifecycle.policy import LifecycleTerms


class Impact(NamedTuple):
    """The number of users, and of those for whom each action is due."""

    users: int
    due: Mapping[Deed, int]
    unreachable: int = 0
    """The number of users who are exempt only because mails to them are not delivered."""

    @classmethod
    def of(cls, users: int, decisions: Iterable[Decision]) -> Self:
        """The impact of the decision for each user."""
        due: Counter[Deed] = Counter()
        unreachable = 0
        for each in decisions:
            unreachable += each.is_unreachable
            if each.deed:
                due[each.deed] += 1
        return cls(users, due, unreachable)

    @property
    def selected(self) -> int:
        """The number of users for whom an action is due."""
        return sum(self.due.values())

    def is_too_much(self, terms: LifecycleTerms) -> bool:
        """Whether so many users are affected that a clock or the policy is probably wrong."""
        share = self.users * terms.stop_above_percent / 100
        return self.selected > max(terms.stop_above_users, share)
