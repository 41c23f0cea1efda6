"""A user's sign-ins in numbers (S3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollcall.users.sign_ins import SignIns, sign_ins_key
from tests.world import World

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_sign_in_is_the_latest_counts_and_ends_what_failed_before() -> None:
    before = SignIns.none_of("usr_1", NOW).model_copy(
        update={"failed_attempts": 4, "locked_until": NOW}
    )

    after = before.with_sign_in(NOW + timedelta(days=1), ["google"])

    assert (after.last_login_at, after.count) == (NOW + timedelta(days=1), 1)
    assert (after.failed_attempts, after.locked_until) == (0, None)
    assert after.with_sign_in(NOW, ["password", "google"]).methods == ("google", "password")


def test_lists_hear_of_a_sign_in_once_an_hour_or_when_more_has_changed() -> None:
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


def test_every_sign_in_is_in_the_journal_however_seldom_lists_hear_of_it(world: World) -> None:
    user = world.add_user()
    for _ in range(3):
        world.sign_in(user.id)

    entries = [each for each in world.journal() if each.target.kind == "sign-ins"]

    assert [each.touches for each in entries] == [(user.id,), (), ()]
    assert [each.changes["count"].after for each in entries] == [1, 2, 3]


def test_sign_ins_are_found_among_what_is_kept_of_the_user(world: World) -> None:
    user = world.add_user()
    items = list(world.runtime.table.query_partition(f"USER#{user.id}", prefix="#"))
    assert SignIns.assemble(items) is None

    world.sign_in(user.id)

    items = list(world.runtime.table.query_partition(f"USER#{user.id}", prefix="#"))
    assert SignIns.assemble(items) == world.sign_ins(user.id)
    assert world.runtime.table.get_item(sign_ins_key(user.id)) is not None


def test_sign_in_is_said_to_be_about_the_user(world: World) -> None:
    user = world.add_user()
    world.sign_in(user.id)

    (entry,) = [each for each in world.journal() if each.target.kind == "sign-ins"]

    assert (entry.touches, world.user(user.id).version) == ((user.id,), 1)
