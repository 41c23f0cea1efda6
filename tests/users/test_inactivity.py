"""The clean-up's record of an inactive user (L1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollcall.directory.records import read_record, read_row
from rollcall.kit.transaction import Change
from rollcall.users.inactivity import Inactivity
from rollcall.users.statuses import Status
from tests.world.world import World

NOW = datetime(2026, 4, 1, 3, tzinfo=UTC)
DAY = timedelta(days=1)
WARNED = Inactivity.none_of("usr_1", NOW).with_warning(NOW, NOW + 14 * DAY)


@pytest.mark.parametrize(
    ("last_login_at", "auth_epoch", "counts"),
    [
        (None, 0, True),
        (NOW - DAY, 0, True),
        (NOW, 0, False),
        (NOW + DAY, 0, False),
        (None, int((NOW - DAY).timestamp()) + 1, True),
        (None, int((NOW + DAY).timestamp()) + 1, False),
    ],
)
def test_warning_applies_until_a_sign_in_or_the_end_of_all_sessions(
    last_login_at: datetime | None, auth_epoch: int, counts: bool
) -> None:
    assert WARNED.warns(last_login_at, auth_epoch) is counts


def test_warning_before_a_bounce_was_cleared_does_not_apply() -> None:
    assert WARNED.warns(None, 0, email_works_since=NOW)
    assert not WARNED.warns(None, 0, email_works_since=NOW + DAY)


def test_disabling_voids_the_warning_and_is_recognized_by_the_ended_sessions() -> None:
    disabled = WARNED.with_disabling(NOW + 14 * DAY)
    epoch = int((NOW + 14 * DAY).timestamp()) + 1

    assert not disabled.warns(None, epoch)
    assert disabled.has_disabled(epoch)
    assert not disabled.has_disabled(epoch + 60)
    assert not WARNED.has_disabled(0)


def test_directory_shows_what_still_applies(world: World) -> None:
    user = world.add_user()
    kept = Inactivity.none_of(user.id, world.clock.now)
    warned = kept.with_warning(world.clock.now, world.clock.now + 14 * DAY)
    world.call().commit(Change(None, warned), answer=lambda written: written)
    table = world.runtime.table

    row, record = read_row(table, user.id), read_record(table, user.id)
    assert record is not None
    assert record.inactivity is not None
    assert table.get_item(Inactivity.key_for(user.id)) is not None
    assert row is not None
    assert (row.inactivity_warned_at, row.disables_at) == (warned.warned_at, warned.disables_at)
    assert world.journal(warned.id)[0].touches == (user.id,)
    assert world.user(user.id).disables_at == warned.disables_at
    assert world.user(user.id).version == user.version

    world.clock.advance(days=1)
    world.sign_in(user.id)
    row = read_row(table, user.id)
    assert row is not None
    assert (row.inactivity_warned_at, row.disables_at) == (None, None)
    assert world.user(user.id).disables_at is None


def test_user_disabled_by_an_admin_was_not_disabled_for_inactivity(world: World) -> None:
    user = world.add_user()
    kept = Inactivity.none_of(user.id, world.clock.now).with_disabling(world.clock.now)
    disabled = user.with_status(Status.INACTIVE, world.clock.now)
    call = world.call()
    call.commit(Change(user, disabled), Change(None, kept), answer=lambda written: written)
    table = world.runtime.table
    row = read_row(table, user.id)
    assert row is not None
    assert row.disabled_for_inactivity_at == world.clock.now

    world.clock.advance(days=1)
    enabled = world.user(user.id)
    enabled = world.change_user(enabled, enabled.with_status(Status.ACTIVE, world.clock.now))
    world.change_user(enabled, enabled.with_status(Status.INACTIVE, world.clock.now))
    row = read_row(table, user.id)
    assert row is not None
    assert row.disabled_for_inactivity_at is None
