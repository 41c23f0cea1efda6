"""Counts and times of a user's sign-ins (S3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollcall.users.sign_ins import SignIns
from tests.world.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_sign_in_sets_the_time_counts_and_resets_failed_attempts() -> None:
    before = SignIns.none_of("usr_1", NOW).model_copy(
        update={"failed_attempts": 4, "locked_until": NOW}
    )

    after = before.with_sign_in(NOW + timedelta(days=1), ["google"])

    assert (after.last_login_at, after.count) == (NOW + timedelta(days=1), 1)
    assert (after.failed_attempts, after.locked_until) == (0, None)
    assert after.with_sign_in(NOW, ["password", "google"]).methods == ("google", "password")


def test_sign_ins_have_a_second_factor_since_the_last_one_without() -> None:
    second = int(NOW.timestamp())
    alone = SignIns.none_of("usr_1", NOW).with_sign_in(NOW, ["password"])
    assert alone.second_factor_after is None

    first = alone.with_sign_in(NOW + timedelta(minutes=1), ["password"], second_factor=True)
    again = first.with_sign_in(NOW + timedelta(minutes=2), ["password"], second_factor=True)
    assert (first.second_factor_after, again.second_factor_after) == (second + 1, second + 1)
    assert again.with_sign_in(NOW + timedelta(minutes=3), ["password"]).second_factor_after is None

    from_the_start = SignIns.none_of("usr_1", NOW).with_sign_in(NOW, [], second_factor=True)
    assert from_the_start.second_factor_after == 0


def test_lists_show_a_sign_in_hourly_or_with_another_change() -> None:
    first = SignIns.none_of("usr_1", NOW).with_sign_in(NOW, ["password"])
    soon = first.with_sign_in(NOW + timedelta(minutes=59), ["password"])
    assert (soon.last_login_at, soon.count) == (NOW + timedelta(minutes=59), 2)
    assert (soon.listed_login_at, soon.listed_count) == (NOW, 1)
    assert soon.touches(first) == set()

    later = soon.with_sign_in(NOW + timedelta(hours=1), ["password"])
    assert (later.listed_login_at, later.listed_count) == (NOW + timedelta(hours=1), 3)
    assert later.touches(soon) == {"usr_1"}

    elsewhere = first.with_sign_in(NOW + timedelta(minutes=1), ["google"])
    assert elsewhere.listed_count == 2
    assert elsewhere.touches(first) == {"usr_1"}


def test_every_sign_in_is_in_the_journal_even_if_lists_do_not_show_it(world: World) -> None:
    user = world.add_user()
    for _ in range(3):
        world.sign_in(user.id)

    entries = [each for each in world.journal() if each.target.kind == "sign-ins"]

    assert [each.touches for each in entries] == [(user.id,), (), ()]
    assert [each.changes["count"].after for each in entries] == [1, 2, 3]
