"""GET /admin/users/stats (A3)."""

from __future__ import annotations

from datetime import UTC, datetime

from functions.directory.get_user_statistics import get_user_statistics
from functions.directory.list_users import list_users
from rollcall.users.statuses import Status
from tests.world.gateway import Reply
from tests.world.world import World


def ask(world: World, **query: str) -> Reply:
    return world.invoke(get_user_statistics, query=query)


def test_users_are_counted_by_what_they_are_and_do(world: World) -> None:
    learner = world.add_user(user_types=("learner",))
    world.join_group(learner.id, world.add_group("Readers"))
    world.clock.advance(days=8)
    world.sign_in(learner.id)
    world.add_user(status=Status.PENDING_VERIFICATION)
    world.build_directory()

    assert ask(world).body == {
        "total": 3,
        "byStatus": {
            "invited": 0,
            "pending_verification": 1,
            "active": 2,
            "inactive": 0,
            "suspended": 0,
            "deleted": 0,
        },
        "byUserType": {"learner": 1},
        "byAuthMethod": {"email": 3, "phone": 0, "oauth": 0},
        "verification": {
            "emailVerified": 2,
            "emailUnverified": 1,
            "phoneVerified": 0,
            "phoneUnverified": 0,
        },
        "registered": {"today": 1, "last7Days": 1, "last30Days": 3, "last90Days": 3},
        "active": {"lastDay": 1, "last7Days": 1, "last30Days": 1, "last90Days": 1},
        "admins": 1,
        "neverSignedIn": 2,
        "locked": 0,
        "withoutGroups": 2,
        "profileComplete": 0,
    }


def test_soft_deleted_users_count_only_in_their_status_unless_selected(
    world: World,
) -> None:
    deleted = world.add_user()
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.build_directory()

    everybody, only_deleted = ask(world).body, ask(world, status="deleted").body

    assert (everybody["total"], everybody["byStatus"]["deleted"]) == (1, 1)
    assert (only_deleted["total"], only_deleted["byStatus"]["deleted"]) == (1, 1)
    assert only_deleted["byStatus"]["active"] == 0


def test_permanently_deleted_users_count_nowhere(world: World) -> None:
    gone = world.add_user()
    world.build_directory()
    world.change_user(gone, gone.as_erased(world.clock.now))

    reply = ask(world)

    assert (reply.body["total"], sum(reply.body["byStatus"].values())) == (1, 1)


def test_statistics_of_a_selection_are_those_of_the_list(world: World) -> None:
    for number in range(5):
        world.add_user(user_types=("learner",)[: number % 2])
    world.build_directory()

    reply = ask(world, is_learner="true")

    listed = world.invoke(list_users, query={"is_learner": "true"})
    assert reply.body["total"] == listed.body["pagination"]["total"] == 2
    assert reply.body["admins"] == 0


def test_today_begins_at_midnight_of_the_time_zone(world: World) -> None:
    world.clock.now = datetime(2026, 1, 5, 22, 59, tzinfo=UTC)
    world.add_user()
    world.clock.now = datetime(2026, 1, 5, 23, 1, tzinfo=UTC)
    world.build_directory()

    assert ask(world).body["registered"]["today"] == 2
    in_berlin = ask(world, calendarTimeZone="Europe/Berlin")
    assert in_berlin.body["registered"]["today"] == 0


def test_unknown_time_zone_is_refused(world: World) -> None:
    reply = ask(world, calendarTimeZone="Europe/Nowhere")

    assert (reply.status, reply.fields) == (422, ["calendarTimeZone"])


def test_filter_that_cannot_be_answered_is_left_out_and_named(world: World) -> None:
    world.build_directory()

    reply = ask(world, progress_min="50")

    assert reply.body["total"] == 1
    assert [each["reason"] for each in reply.body["skippedFilters"]] == ["unknown_source"]


def test_without_a_directory_there_is_no_answer(world: World) -> None:
    reply = ask(world)

    assert (reply.status, reply.code) == (503, "directory_being_built")
