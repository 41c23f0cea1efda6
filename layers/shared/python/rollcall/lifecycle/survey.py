"""What a lifecycle policy wants done about how many of all users (L1)."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from rollcall.lifecycle.decisions import Decision, Deed
from rollcall.lifecycle.policy import LifecycleTerms


class Survey(NamedTuple):
    """What there is to be done about how many of how many users."""

    users: int
    due: Mapping[Deed, int]
    uncertain: bool
    """Whether what the filter of the exempt asks about is not known at present."""

    @classmethod
    def of(cls, users: int, decisions: Iterable[Decision], *, uncertain: bool) -> Self:
        """From what is decided about each."""
        return cls(users, Tally(each.deed for each in decisions if each.deed), uncertain)

    @property
    def selected(self) -> int:
        """About how many users anything is to be done."""
        return sum(self.due.values())

    def is_too_much(self, terms: LifecycleTerms) -> bool:
        """Whether these are so many that something must be wrong, as a clock or the policy."""
        share = self.users * terms.stop_above_percent / 100
        return self.selected > max(terms.stop_above_users, share)
