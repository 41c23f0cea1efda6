"""The summary of the last full pass (L3)."""

from __future__ import annotations

from datetime import timedelta

from rollcall.accounts.reconciliation import (
    ORPHANS_NAMED,
    SUMMARY_ID,
    Findings,
    ReconciliationSummary,
    read_reconciliation,
    store_summary,
)
from tests.world.world import World


def keep(world: World, *orphan_ids: str, **counts: int) -> ReconciliationSummary:
    call = world.call("reconcile_identities")
    findings = Findings().model_copy(update=counts)
    for orphan_id in orphan_ids:
        findings = findings.plus(Findings(orphans=1, orphan_ids=(orphan_id,)))
    started_at = world.clock.now - timedelta(minutes=5)
    store_summary(call, ReconciliationSummary.of(call, findings, started_at))
    kept = read_reconciliation(world.runtime.table)
    assert kept is not None
    return kept


def test_no_summary_exists_before_the_first_run(world: World) -> None:
    assert read_reconciliation(world.runtime.table) is None


def test_first_orphans_are_named_and_all_are_counted(world: World) -> None:
    names = [f"stranger{number:02}" for number in range(ORPHANS_NAMED + 5)]
    kept = keep(world, *reversed(names))
    assert (kept.orphans, kept.orphan_ids) == (len(names), tuple(names[:ORPHANS_NAMED]))


def test_unchanged_result_updates_times_and_counts_without_a_version(world: World) -> None:
    first = keep(world, "stranger", accounts=5)
    world.clock.advance(hours=1)
    same = keep(world, "stranger", accounts=6, mended=1)
    assert (same.version, same.updated_at) == (first.version, first.updated_at)
    assert same.completed_at == world.clock.now
    assert same.checked_at == world.clock.now - timedelta(minutes=5)
    assert (same.checked_accounts, same.mended) == (6, 1)

    world.clock.advance(hours=1)
    other = keep(world, failed=1, waiting=1)

    assert (other.version, other.out_of_step, other.failed, other.orphan_ids) == (2, 2, 1, ())
    assert other.completed_at == world.clock.now
    assert len(world.journal(SUMMARY_ID)) == 2


def test_summary_of_an_earlier_version_can_be_read_and_replaced(world: World) -> None:
    stored = keep(world, "stranger").model_dump(
        exclude={"checked_accounts", "checked_users", "completed_at"}
    )
    assert ReconciliationSummary.model_validate(stored).completed_at is None
