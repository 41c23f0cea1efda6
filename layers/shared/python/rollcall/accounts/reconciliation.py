"""The summary of the last full pass over all accounts and all users (L3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from pydantic import ConfigDict

from rollcall.kit.call import Call
from rollcall.kit.entity import Entity, Key
from rollcall.kit.errors import Contended
from rollcall.kit.model import Model, Time, camel_case
from rollcall.kit.retry import retry_contended
from rollcall.kit.table import Table
from rollcall.kit.transaction import Change, is_effective

SUMMARY_ID = "RECONCILIATION"
ORPHANS_NAMED = 20
"""How many orphans the summary names. The log and ``rollcall adopt`` show all."""


class Findings(Model):
    """What a pass has found and done so far."""

    model_config = ConfigDict(extra="ignore")

    accounts: int = 0
    """The accounts that were compared with their users."""
    users: int = 0
    """The users whose accounts were looked up."""
    mended: int = 0
    failed: int = 0
    """Out of sync, and could not be repaired."""
    waiting: int = 0
    """See Reconciliation.waiting."""
    orphans: int = 0
    """Accounts without a user."""
    orphan_ids: tuple[str, ...] = ()
    """The first of them, sorted by id: ORPHANS_NAMED at most."""

    def plus(self, further: Findings) -> Findings:
        """These findings with further ones."""
        names = (name for name in Findings.model_fields if name != "orphan_ids")
        sums = {name: getattr(self, name) + getattr(further, name) for name in names}
        named = sorted({*self.orphan_ids, *further.orphan_ids})[:ORPHANS_NAMED]
        return Findings(**sums, orphan_ids=tuple(named))


class ReconciliationSummary(Entity):
    """The one summary of a deployment. Each complete pass updates it, but only a changed result
    makes a new version. A pass that is under way does not change it.
    """

    kind: ClassVar[str] = "reconciliation"
    partition: ClassVar[str] = "RECONCILIATION"
    unversioned_fields: ClassVar[tuple[str, ...]] = (
        *("checked_accounts", "checked_users", "mended"),
        *("checked_at", "completed_at"),
    )

    out_of_step: int
    """How many accounts are out of sync after the pass: those that failed, and those whose password
    only an admin knows."""
    failed: int
    """How many of them could not be repaired."""
    orphans: int
    """How many accounts have no user."""
    orphan_ids: tuple[str, ...]
    """The first of them, sorted by id: ORPHANS_NAMED at most."""
    checked_accounts: int = 0
    """How many accounts the pass compared with their users."""
    checked_users: int = 0
    """How many users it looked up the accounts of."""
    mended: int = 0
    """How many accounts the pass has repaired."""
    checked_at: Time
    """When the pass started."""
    completed_at: Time | None = None
    """When the pass was complete."""

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The key of the one summary."""
        return Key(cls.partition, cls.partition)

    @classmethod
    def of(cls, call: Call, findings: Findings, started_at: datetime) -> Self:
        """The summary of a pass that is complete."""
        return cls(
            id=SUMMARY_ID,
            created_at=call.now,
            updated_at=call.now,
            checked_at=started_at,
            completed_at=call.now,
            out_of_step=findings.failed + findings.waiting,
            failed=findings.failed,
            orphans=findings.orphans,
            orphan_ids=findings.orphan_ids,
            checked_accounts=findings.accounts,
            checked_users=findings.users,
            mended=findings.mended,
        )


def read_reconciliation(table: Table) -> ReconciliationSummary | None:
    """The summary of the last complete pass; None before the first one."""
    return table.find(ReconciliationSummary, SUMMARY_ID)


def store_summary(call: Call, summary: ReconciliationSummary) -> None:
    """Replace the summary of the previous pass."""
    retry_contended(lambda: _store(call.part(), summary))


def _store(call: Call, summary: ReconciliationSummary) -> None:
    before = read_reconciliation(call.table)
    if before is None:
        call.commit(Change(None, summary), answer=_itself)
        return
    change = Change(before, before.model_copy(update=_found(summary, _VERSIONED)))
    bookkeeping = _found(summary, ReconciliationSummary.unversioned_fields)
    if is_effective(change):
        after = change.after.model_copy(update=bookkeeping)
        call.commit(Change(before, after), answer=_itself)
        return
    values = summary.item()
    kept = {camel_case(name): values[camel_case(name)] for name in bookkeeping}
    when = {"version": before.version}
    if not call.table.update_unversioned(before, kept, when=when):
        raise Contended


def _found(summary: ReconciliationSummary, names: Iterable[str]) -> dict[str, object]:
    return {name: getattr(summary, name) for name in names}


def _itself(summary: ReconciliationSummary) -> ReconciliationSummary:
    return summary


_VERSIONED = ("out_of_step", "failed", "orphans", "orphan_ids")
