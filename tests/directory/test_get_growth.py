"""GET /admin/analytics/growth (A4)."""

from __future__ import annotations

import pytest

from functions.directory.get_growth import get_growth
from tests.world.gateway import Reply
from tests.world.world import World


def ask(world: World, **query: str) -> Reply:
    return world.invoke(get_growth, query=query)


def test_each_interval_has_its_new_users_and_the_total_at_its_end(world: World) -> None:
    world.clock.advance(days=14)
    world.add_user()
    world.add_user()
    world.build_directory()

    reply = ask(world, interval="week", **{"from": "2026-01-01", "to": "2026-01-20"})

    assert reply.body == {
        "interval": "week",
        "calendarTimeZone": "UTC",
        "items": [
            {"start": "2025-12-29", "newUsers": 0, "total": 0},
            {"start": "2026-01-05", "newUsers": 1, "total": 1},
            {"start": "2026-01-12", "newUsers": 0, "total": 1},
            {"start": "2026-01-19", "newUsers": 2, "total": 3},
        ],
    }


def test_days_are_those_of_the_time_zone(world: World) -> None:
    world.clock.advance(hours=6)  # 15:00, when the next day begins in Tokyo
    world.add_user()
    world.build_directory()

    reply = ask(world, calendarTimeZone="Asia/Tokyo")

    assert [each for each in reply.body["items"] if each["newUsers"]] == [
        {"start": "2026-01-05", "newUsers": 1, "total": 1},
        {"start": "2026-01-06", "newUsers": 1, "total": 2},
    ]
    assert len(reply.body["items"]) == 30


def test_deleted_users_are_not_counted_for_the_past_either(world: World) -> None:
    gone, deleted = world.add_user(), world.add_user()
    world.build_directory()
    world.change_user(gone, gone.as_erased(world.clock.now))
    world.change_user(deleted, deleted.as_deleted(world.clock.now))

    assert ask(world).body["items"][-1] == {"start": "2026-01-05", "newUsers": 1, "total": 1}
    with_deleted = ask(world, status="active,deleted").body["items"][-1]
    assert with_deleted == {"start": "2026-01-05", "newUsers": 2, "total": 2}


def test_filters_narrow_the_users(world: World) -> None:
    world.add_user(user_types=("learner",))
    world.build_directory()

    reply = ask(world, is_learner="true", filter="facts.learning.progress gt 5")

    assert reply.body["items"][-1]["newUsers"] == 1
    assert reply.body["skippedFilters"][0]["reason"] == "unknown_source"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2024-01-01", "to": "2026-01-05"}, "from"),
        ({"from": "2026-01-05", "to": "2026-01-04"}, "to"),
        ({"from": "yesterday"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"interval": "hour"}, "interval"),
        ({"calendarTimeZone": "Berlin"}, "calendarTimeZone"),
        ({"from_day": "2026-01-05"}, "from_day"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    world: World, query: dict[str, str], field: str
) -> None:
    reply = ask(world, **query)

    assert (reply.status, reply.fields) == (422, [field])
