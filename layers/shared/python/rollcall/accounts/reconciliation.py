"""What the last reconciliation of the identity provider with the table has left (L3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic.alias_generators import to_camel

from rollcall.kit.call import Call
from rollcall.kit.entity import Entity, Key
from rollcall.kit.errors import Contended
from rollcall.kit.model import Time, format_time
from rollcall.kit.retry import retry_contended
from rollcall.kit.table import Table
from rollcall.kit.transaction import Change, is_effective

SUMMARY_ID = "RECONCILIATION"
ORPHANS_NAMED = 20
"""How many are named; the log and ``rollcall adopt`` know the rest."""


class ReconciliationSummary(Entity):
    """The one summary of a deployment, renewed by each run; a version only when it says something
    else than before.
    """

    kind: ClassVar[str] = "reconciliation"
    partition: ClassVar[str] = "RECONCILIATION"
    unversioned_fields: ClassVar[tuple[str, ...]] = ("checked_at",)

    out_of_step: int
    """How many identities are not as the table says after the run: those that failed, those left
    to the next run, and those whose password only somebody else knows."""
    failed: int
    """How many of them could not be mended."""
    orphans: int
    """How many accounts no user has."""
    orphan_ids: tuple[str, ...]
    """The first of them in the order of their ids, ORPHANS_NAMED at most."""
    checked_at: Time
    """When the run began."""

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """There is one summary, under one key."""
        return Key(cls.partition, cls.partition)

    @classmethod
    def of(cls, call: Call, *, out_of_step: int, failed: int, orphan_ids: Iterable[str]) -> Self:
        """What a run has found."""
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
    """What the last run has left; None before the first one."""
    return table.find(ReconciliationSummary, SUMMARY_ID)


def keep_summary(call: Call, summary: ReconciliationSummary) -> None:
    """Store what a run has found in the place of what the run before has."""
    retry_contended(lambda: _keep(call.part(), summary))


def _keep(call: Call, summary: ReconciliationSummary) -> None:
    before = read_reconciliation(call.table)
    if before is None:
        call.commit(Change(None, summary), answer=_itself)
        return
    found = {name: getattr(summary, name) for name in _FOUND}
    change = Change(before, before.model_copy(update=found))
    if is_effective(change):
        call.commit(change, answer=_itself)
        return
    moment = {to_camel("checked_at"): format_time(summary.checked_at)}
    when = {"version": before.version}
    if not call.table.update_unversioned(before.key(), moment, when=when):
        raise Contended


def _itself(summary: ReconciliationSummary) -> ReconciliationSummary:
    return summary


_FOUND = ("out_of_step", "failed", "orphans", "orphan_ids", "checked_at")
