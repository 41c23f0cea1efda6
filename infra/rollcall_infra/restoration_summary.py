"""The summary that ``rollcall restore`` prints: numbers for each kind of entity, the first entities
of each outcome, and what the operator must look at: statuses, admins and permanent deletions.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from rollcall_infra.command import FirstRows
from rollcall_infra.restoration import Outcome, RestoredRow

_WORDS = {
    Outcome.CREATED: ("would come back", "came back"),
    Outcome.CHANGED: ("would be changed back", "changed back"),
    Outcome.UNCHANGED: ("unchanged", "unchanged"),
    Outcome.KEPT: ("not in the backup, stay", "not in the backup, stay"),
    Outcome.ERASED: ("stay deleted", "stay deleted"),
    Outcome.COPIED: ("would be copied", "copied"),
    Outcome.CORRECTED: ("would be corrected", "corrected"),
    Outcome.REFUSED: ("cannot be restored", "not restored"),
}
_COUNTED_ONLY = {Outcome.UNCHANGED, Outcome.KEPT, Outcome.COPIED}


class Group(NamedTuple):
    """Entities of a kind with the same outcome, for the same reason."""

    outcome: Outcome
    kind: str
    code: str = ""


@dataclass
class RestorationSummary:
    """Counts the rows."""

    taken_at: str
    rows: FirstRows[Group, RestoredRow] = field(default_factory=FirstRows)
    access: FirstRows[str, RestoredRow] = field(default_factory=FirstRows)
    """Users whose status or role System changes."""
    dropped: Tally[str] = field(default_factory=Tally)

    def add(self, row: RestoredRow) -> None:
        """Count one row."""
        self.rows.add(Group(row.outcome, row.kind, row.code or ""), row, row.number)
        if row.status_after is not None:
            words = f"{row.status_before or 'absent'} → {row.status_after}"
            self.access.add(f"Status of users, {words}", row)
        if row.becomes_admin is not None:
            words = "become" if row.becomes_admin else "stop being"
            self.access.add(f"Users who {words} platform admins", row)
        self.dropped.update(row.dropped)

    def describe(self, *, applied: bool) -> Iterator[str]:
        """The lines of the summary."""
        yield f"The backup is of {self.taken_at}."
        groups = sorted(
            self.rows.numbers, key=lambda each: (list(Outcome).index(each.outcome), each)
        )
        for group in groups:
            words, number = _WORDS[group.outcome][applied], self.rows.numbers[group]
            yield f"  {group.kind:<18}{words:<26}{number:>8,}  {group.code}".rstrip()
        for group in groups:
            if group.outcome not in _COUNTED_ONLY:
                words = _WORDS[group.outcome][applied]
                title = f"{group.kind}: {words}, {self.rows.numbers[group]:,}"
                yield from self.rows.describe(group, title, _describe_row)
        for kind, number in sorted(self.access.numbers.items()):
            yield from self.access.describe(kind, f"{kind}: {number:,}", lambda row: row.id)
        yield from self._describe_consequences(applied=applied)

    def _describe_consequences(self, *, applied: bool) -> Iterator[str]:
        if self.dropped:
            yield ""
            yield (
                "These groups, organizations and roles are deleted, so their grants do not come "
                f"back: {', '.join(sorted(self.dropped))}"
            )
        erased = self.rows.numbers[Group(Outcome.ERASED, "user", "user_erased")]
        if erased:
            yield ""
            yield (
                f"Users who were permanently deleted after the backup: {erased:,}. They stay "
                "deleted. --include-erased would restore their personal data."
            )
        yield ""
        yield (
            "All restored users must sign in again. The accounts follow within minutes."
            if applied
            else "Nothing was changed. Use --apply with --reason to restore."
        )


def _describe_row(row: RestoredRow) -> str:
    return "  ".join(filter(None, (row.id, ", ".join(row.fields), row.detail)))
