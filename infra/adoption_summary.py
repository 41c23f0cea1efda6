"""What ``rollcall adopt`` says at its end: numbers, the first of each kind, and what follows."""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from rollcall.accounts.adoption import AdoptionRow, Outcome
from rollcall.lifecycle.policy import CleanUpMode, LifecyclePolicy
from rollcall.users.statuses import Status

SHOWN = 5
"""How many accounts of each kind are shown."""


class Kind(NamedTuple):
    """Accounts that the same becomes of, for the same reason."""

    outcome: Outcome
    code: str = ""


@dataclass
class Summary:
    """Counts rows as they come."""

    policy: LifecyclePolicy
    warned_before: datetime
    """The clean-up warns whoever has not signed in since then."""
    numbers: Tally[Kind] = field(default_factory=Tally)
    statuses: Tally[Status] = field(default_factory=Tally)
    first: dict[Kind, list[AdoptionRow]] = field(default_factory=lambda: defaultdict(list))
    leaving_admins: list[str] = field(default_factory=list)
    dormant: int = 0

    @classmethod
    def of(cls, policy: LifecyclePolicy, now: datetime) -> Self:
        """Before the first row."""
        return cls(policy, now - timedelta(days=policy.warn_after_days))

    def add(self, row: AdoptionRow) -> None:
        """Count one account."""
        kind = Kind(row.outcome, row.code or "")
        self.numbers[kind] += 1
        if len(self.first[kind]) < SHOWN:
            self.first[kind].append(row)
        if row.status is not None:
            self.statuses[row.status] += 1
        if row.leaves_admins:
            self.leaving_admins.append(row.id)
        old = row.created_at is not None and row.created_at <= self.warned_before
        self.dormant += old and row.status is Status.ACTIVE

    def describe(self, *, applied: bool) -> Iterator[str]:
        """The lines, for people."""
        yield f"The user pool has {_count(self.numbers.total(), 'account')}."
        for outcome, words in (_DONE if applied else _PLANNED).items():
            yield f"  {words:<20}{self._number(outcome):>8,}{self._by_status(outcome)}"
        for kind in sorted(self.numbers, key=lambda kind: kind.outcome):
            if kind.outcome is not Outcome.KNOWN:
                yield from self._describe_kind(kind, applied=applied)
        yield from self._describe_consequences(applied=applied)

    def _number(self, outcome: Outcome) -> int:
        return sum(number for kind, number in self.numbers.items() if kind.outcome is outcome)

    def _by_status(self, outcome: Outcome) -> str:
        if outcome is not Outcome.ADOPTED or not self.statuses:
            return ""
        return f"   ({', '.join(f'{n:,} {status}' for status, n in sorted(self.statuses.items()))})"

    def _describe_kind(self, kind: Kind, *, applied: bool) -> Iterator[str]:
        words = (_DONE if applied else _PLANNED)[kind.outcome]
        shown, number = self.first[kind], self.numbers[kind]
        why = f": {shown[0].detail} [{kind.code}]" if kind.code else ""
        yield ""
        yield f"{words.capitalize()}, {number:,}{why}"
        for row in shown:
            facts = (row.email, row.phone, row.username, row.status)
            yield "  ".join(["", row.id, *(each for each in facts if each)])
        if number > len(shown):
            yield f"  and {number - len(shown):,} more"

    def _describe_consequences(self, *, applied: bool) -> Iterator[str]:
        if self.leaving_admins:
            yield ""
            yield (
                "Nobody becomes an admin by this. Out of the pool's group admins, which mirrors "
                f"Rollcall's, {'went' if applied else 'would go'}: "
                f"{', '.join(self.leaving_admins[:SHOWN])}"
                f"{' …' if len(self.leaving_admins) > SHOWN else ''}"
            )
        if self.dormant and self.policy.mode is not CleanUpMode.OFF:
            yield ""
            yield (
                f"{_count(self.dormant, 'active account')} made more than "
                f"{self.policy.warn_after_days} days ago: no sign-in is known of them yet, so "
                "the clean-up warns those who do not sign in before its next run. It does nothing "
                f"when they are more than {self.policy.stop_above_percent:g} % of all users; the "
                "lifecycle policy may exempt them."
            )
        if not applied:
            yield ""
            yield "Nothing was changed; with --apply it is."


_PLANNED = {
    Outcome.ADOPTED: "would be adopted",
    Outcome.KNOWN: "known already",
    Outcome.REFUSED: "cannot be adopted",
}
_DONE = {**_PLANNED, Outcome.ADOPTED: "adopted", Outcome.REFUSED: "not adopted"}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
