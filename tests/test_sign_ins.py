"""A user's sign-ins in numbers (S3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollcall.sign_ins import SignIns, sign_ins_key
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
