"""The summary of the last reconciliation (L3)."""

from __future__ import annotations

from rollcall.accounts.reconciliation import (
    ORPHANS_NAMED,
    SUMMARY_ID,
    ReconciliationSummary,
    read_reconciliation,
    store_summary,
)
from tests.world.world import World


def keep(world: World, *orphan_ids: str, out_of_step: int = 0) -> ReconciliationSummary:
    call = world.call("reconcile_identities")
    found = ReconciliationSummary.of(call, out_of_step=out_of_step, failed=0, orphan_ids=orphan_ids)
    store_summary(call, found)
    kept = read_reconciliation(world.runtime.table)
    assert kept is not None
    return kept


def test_no_summary_exists_before_the_first_run(world: World) -> None:
    assert read_reconciliation(world.runtime.table) is None


def test_first_orphans_are_named_and_all_are_counted(world: World) -> None:
    names = [f"stranger{number:02}" for number in range(ORPHANS_NAMED + 5)]
    kept = keep(world, *reversed(names))
    assert (kept.orphans, kept.orphan_ids) == (len(names), tuple(names[:ORPHANS_NAMED]))


def test_unchanged_result_updates_the_time_without_a_version(world: World) -> None:
    first = keep(world, "stranger")
    world.clock.advance(hours=1)
    same = keep(world, "stranger")
    assert (same.version, same.updated_at) == (first.version, first.updated_at)
    assert same.checked_at == world.clock.now

    world.clock.advance(hours=1)
    other = keep(world, out_of_step=2)

    assert (other.version, other.out_of_step, other.orphan_ids) == (2, 2, ())
    assert other.checked_at == world.clock.now
    assert len(world.journal(SUMMARY_ID)) == 2
