"""GET /admin/analytics/overview (A4)."""

from __future__ import annotations

from functions.directory.get_overview import get_overview
from tests.world.gateway import Reply
from tests.world.world import World


def ask(world: World, **query: str) -> Reply:
    return world.invoke(get_overview, query=query)


def test_period_is_compared_with_the_one_before(world: World) -> None:
    world.clock.advance(days=1)
    early = world.add_user()
    world.clock.advance(days=7)
    world.add_user()
    world.add_user(is_admin=True)
    world.clock.advance(hours=1)
    world.sign_in(early.id)
    world.build_directory()

    assert ask(world, period="week").body == {
        "previous": {"start": "2026-01-05T00:00:00.000Z", "end": "2026-01-06T10:00:00.000Z"},
        "current": {"start": "2026-01-12T00:00:00.000Z", "end": "2026-01-13T10:00:00.000Z"},
        "totalUsers": {"current": 4, "previous": 2, "change": 2, "changePercent": 100.0},
        "newUsers": {"current": 2, "previous": 2, "change": 0, "changePercent": 0.0},
        "newVerifiedUsers": {"current": 2, "previous": 2, "change": 0, "changePercent": 0.0},
        "activeUsers": 1,
        "verifiedUsers": 4,
        "verifiedPercent": 100.0,
        "admins": 2,
    }


def test_periods_start_according_to_the_calendar(world: World) -> None:
    world.build_directory()

    reply = ask(world, period="month", calendarTimeZone="Asia/Tokyo")

    assert reply.body["current"]["start"] == "2025-12-31T15:00:00.000Z"
    assert reply.body["previous"]["start"] == "2025-11-30T15:00:00.000Z"


def test_deleted_users_are_not_counted_for_the_past_either(world: World) -> None:
    deleted = world.add_user()
    world.clock.advance(days=2)
    world.change_user(deleted, deleted.as_deleted(world.clock.now))
    world.build_directory()

    reply = ask(world, days="1")

    assert reply.body["totalUsers"] == {
        "current": 1,
        "previous": 1,
        "change": 0,
        "changePercent": 0.0,
    }
    assert ask(world, days="1", status="active,deleted").body["totalUsers"]["current"] == 2


def test_filters_narrow_the_users(world: World) -> None:
    world.add_user(user_types=("learner",))
    world.build_directory()

    reply = ask(world, is_learner="true", filter="facts.learning.progress gt 5")

    assert (reply.body["newUsers"]["current"], reply.body["admins"]) == (1, 0)
    assert reply.body["skippedFilters"][0]["reason"] == "unknown_source"


def test_period_and_days_at_once_are_refused(world: World) -> None:
    reply = ask(world, period="week", days="3")

    assert reply.status == 422
    assert reply.body["errors"][0]["message"] == "Use period or days, not both."
    assert ask(world, period="fortnight").fields == ["period"]
    assert ask(world, calendarTimeZone="Mars/Olympus").fields == ["calendarTimeZone"]
