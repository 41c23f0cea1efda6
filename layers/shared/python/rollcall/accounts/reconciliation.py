"""The summary of the last reconciliation of the identity provider with the table (L3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from rollcall.kit.call import Call
from rollcall.kit.entity import Entity, Key
from rollcall.kit.errors import Contended
from rollcall.kit.model import Time, camel_case, format_time
from rollcall.kit.retry import retry_contended
from rollcall.kit.table import Table
from rollcall.kit.transaction import Change, is_effective

SUMMARY_ID = "RECONCILIATION"
ORPHANS_NAMED = 20
"""How many orphans the summary names. The log and ``rollcall adopt`` show all."""


class ReconciliationSummary(Entity):
    """The one summary of a deployment. Each run updates it, but only a changed result makes a new
    version.
    """

    kind: ClassVar[str] = "reconciliation"
    partition: ClassVar[str] = "RECONCILIATION"
    unversioned_fields: ClassVar[tuple[str, ...]] = ("checked_at",)

    out_of_step: int
    """How many accounts are out of sync after the run: those that failed, those left to the next
    run, and those whose password only an admin knows."""
    failed: int
    """How many of them could not be repaired."""
    orphans: int
    """How many accounts have no user."""
    orphan_ids: tuple[str, ...]
    """The first of them, sorted by id: ORPHANS_NAMED at most."""
    checked_at: Time
    """When the run started."""

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The key of the one summary."""
        return Key(cls.partition, cls.partition)

    @classmethod
    def of(cls, call: Call, *, out_of_step: int, failed: int, orphan_ids: Iterable[str]) -> Self:
        """The summary of a run."""
        found = sorted(orphan_ids)
        return cls(
            id=SUMMARY_ID,
            created_at=call.now,
            updated_at=call.now,
            checked_at=call.now,
            out_of_step=out_of_step,
            failed=failed,
            orphans=len(found),
            orphan_ids=tuple(found[:ORPHANS_NAMED]),
        )


def read_reconciliation(table: Table) -> ReconciliationSummary | None:
    """The summary of the last run; None before the first one."""
    return table.find(ReconciliationSummary, SUMMARY_ID)


def store_summary(call: Call, summary: ReconciliationSummary) -> None:
    """Replace the summary of the previous run."""
    retry_contended(lambda: _store(call.part(), summary))


def _store(call: Call, summary: ReconciliationSummary) -> None:
    before = read_reconciliation(call.table)
    if before is None:
        call.commit(Change(None, summary), answer=_itself)
        return
    found = {name: getattr(summary, name) for name in _FOUND}
    change = Change(before, before.model_copy(update=found))
    if is_effective(change):
        call.commit(change, answer=_itself)
        return
    checked_at = {camel_case("checked_at"): format_time(summary.checked_at)}
    when = {"version": before.version}
    if not call.table.update_unversioned(before, checked_at, when=when):
        raise Contended


def _itself(summary: ReconciliationSummary) -> ReconciliationSummary:
    return summary


_FOUND = ("out_of_step", "failed", "orphans", "orphan_ids", "checked_at")
