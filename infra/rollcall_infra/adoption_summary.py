"""The summary that ``rollcall adopt`` prints: numbers, the first accounts of each kind, and the
consequences.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from rollcall.accounts.adoption import AdoptionRow, Outcome
from rollcall.lifecycle.policy import CleanUpMode, LifecyclePolicy
from rollcall.users.statuses import Status
from rollcall_infra.command import SHOWN, FirstRows


class Kind(NamedTuple):
    """Accounts with the same outcome, for the same reason."""

    outcome: Outcome
    code: str = ""


@dataclass
class Summary:
    """Counts the rows."""

    policy: LifecyclePolicy
    warned_before: datetime
    """The clean-up warns users who have not signed in since then."""
    rows: FirstRows[Kind, AdoptionRow] = field(default_factory=FirstRows)
    statuses: Tally[Status] = field(default_factory=Tally)
    leaving_admins: list[str] = field(default_factory=list)
    inactive: int = 0

    @classmethod
    def of(cls, policy: LifecyclePolicy, now: datetime) -> Self:
        """The summary before the first row."""
        return cls(policy, now - timedelta(days=policy.warn_after_days))

    def add(self, row: AdoptionRow) -> None:
        """Count one account."""
        self.rows.add(Kind(row.outcome, row.code or ""), row)
        if row.status is not None:
            self.statuses[row.status] += 1
        if row.leaves_admins:
            self.leaving_admins.append(row.id)
        old = row.created_at is not None and row.created_at <= self.warned_before
        self.inactive += old and row.status is Status.ACTIVE

    def describe(self, *, applied: bool) -> Iterator[str]:
        """The lines of the summary."""
        yield f"The user pool has {_count(self.rows.numbers.total(), 'account')}."
        for outcome, words in (_DONE if applied else _PLANNED).items():
            yield f"  {words:<20}{self._number(outcome):>8,}{self._by_status(outcome)}"
        for kind in sorted(self.rows.numbers, key=lambda kind: kind.outcome):
            if kind.outcome is not Outcome.KNOWN:
                yield from self._describe_kind(kind, applied=applied)
        yield from self._describe_consequences(applied=applied)

    def _number(self, outcome: Outcome) -> int:
        return sum(number for kind, number in self.rows.numbers.items() if kind.outcome is outcome)

    def _by_status(self, outcome: Outcome) -> str:
        if outcome is not Outcome.ADOPTED or not self.statuses:
            return ""
        return f"   ({', '.join(f'{n:,} {status}' for status, n in sorted(self.statuses.items()))})"

    def _describe_kind(self, kind: Kind, *, applied: bool) -> Iterator[str]:
        words = (_DONE if applied else _PLANNED)[kind.outcome].capitalize()
        number, shown = self.rows.numbers[kind], self.rows.first[kind]
        why = f": {shown[0].detail} [{kind.code}]" if kind.code else ""
        yield from self.rows.describe(kind, f"{words}, {number:,}{why}", _describe_row)

    def _describe_consequences(self, *, applied: bool) -> Iterator[str]:
        if self.leaving_admins:
            yield ""
            yield (
                "Adoption makes no user an admin. These accounts "
                f"{'were' if applied else 'would be'} removed from the pool's group admins, which "
                "mirrors Rollcall's admins: "
                f"{', '.join(self.leaving_admins[:SHOWN])}"
                f"{' …' if len(self.leaving_admins) > SHOWN else ''}"
            )
        if self.inactive and self.policy.mode is not CleanUpMode.OFF:
            yield ""
            yield (
                f"{_count(self.inactive, 'active account')} created more than "
                f"{self.policy.warn_after_days} days ago. Their last sign-in is not known, so the "
                "clean-up warns those who do not sign in before its next run. It stops when they "
                f"are more than {self.policy.stop_above_percent:g} % of all users. The lifecycle "
                "policy can exempt them."
            )
        if not applied:
            yield ""
            yield "Nothing was changed. Use --apply to create the users."


_PLANNED = {
    Outcome.ADOPTED: "would be adopted",
    Outcome.KNOWN: "already known",
    Outcome.REFUSED: "cannot be adopted",
}
_DONE = {**_PLANNED, Outcome.ADOPTED: "adopted", Outcome.REFUSED: "not adopted"}


def _describe_row(row: AdoptionRow) -> str:
    facts = (row.email, row.phone, row.username, row.status)
    return "  ".join([row.id, *(each for each in facts if each)])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
