"""The stored position of a full pass moves on only from the one that was read (L3)."""

from __future__ import annotations

from datetime import timedelta

from rollcall.accounts.position import ABANDONED_AFTER, Listing, PassPosition
from rollcall.accounts.reconciliation import Findings
from tests.world.world import World

TOKEN = "t" * 2000


def begun(world: World) -> PassPosition:
    now = world.clock.now
    stored = PassPosition(started_at=now, moved_at=now).replace(world.runtime.table, None, now)
    assert stored is not None
    return stored


def test_position_comes_back_as_it_was_stored_with_a_long_token(world: World) -> None:
    assert PassPosition.read(world.runtime.table) is None
    first = begun(world)
    findings = Findings(accounts=60, orphans=1, orphan_ids=("stranger",))
    last = {"pk": "USER#1", "sk": "#USER", "gsi2pk": "USERS#0", "gsi2sk": "1", "name": "Ada"}

    second = first.after_accounts(TOKEN, findings)
    stored = second.replace(world.runtime.table, first, world.clock.now)

    assert stored == PassPosition.read(world.runtime.table)
    assert stored is not None
    assert (stored.token, stored.listing, stored.findings) == (TOKEN, Listing.ACCOUNTS, findings)

    third = stored.after_accounts(None, findings).after_users(last, findings)
    stored = third.replace(world.runtime.table, stored, world.clock.now)

    assert stored == PassPosition.read(world.runtime.table)
    assert stored is not None
    assert (stored.token, stored.listing) == (None, Listing.USERS)
    assert stored.last_user == {name: last[name] for name in ("pk", "sk", "gsi2pk", "gsi2sk")}


def test_position_that_another_run_has_moved_is_not_replaced(world: World) -> None:
    table, now = world.runtime.table, world.clock.now
    first = begun(world)
    assert PassPosition(started_at=now, moved_at=now).replace(table, None, now) is None
    moved = first.after_accounts("one", Findings()).replace(table, first, now)

    assert first.after_accounts("other", Findings()).replace(table, first, now) is None
    # The same run, although another one has started the pass again meanwhile.
    assert moved is not None
    assert moved.restarted(now).replace(table, moved, now)
    assert moved.after_accounts("two", Findings()).replace(table, moved, now) is None

    stored = PassPosition.read(table)
    assert stored is not None
    assert (stored.token, stored.restarts) == (None, 1)


def test_pass_is_abandoned_when_it_is_under_way_and_has_not_moved(world: World) -> None:
    first = begun(world)
    assert not first.is_abandoned(first.moved_at + ABANDONED_AFTER)
    late = first.moved_at + ABANDONED_AFTER + timedelta(seconds=1)
    assert first.is_abandoned(late)
    assert not first.model_copy(update={"reported": True}).is_abandoned(late)
