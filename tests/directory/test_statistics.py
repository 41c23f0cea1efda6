"""Statistics, against counts without SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rollcall.directory.conditions import compile_condition
from rollcall.directory.database import Database
from rollcall.directory.filters import UserFilters, without_deleted
from rollcall.directory.rows import AuthMethod, StoredRow
from rollcall.directory.selections import Selection
from rollcall.directory.statistics import UserStatistics, count_statistics
from rollcall.users.statuses import Status
from rollcall_infra.catalog import read_catalog
from rollcall_infra.openapi import build_document
from tests.directory.population import ALL_KNOWN, NOW, make_row, open_database

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = datetime(2026, 3, 14, 23, tzinfo=UTC)
"""The start of the current day in Berlin."""
DAYS = (1, 7, 30, 90)


def make_population() -> list[StoredRow]:
    """Users with all combinations of counted values, many of them at the edge of a period."""
    chance = Random(3)  # noqa: S311 (test data)
    edges = [TODAY, NOW, *(NOW - timedelta(days=each) for each in DAYS)]
    times = [each + timedelta(milliseconds=late) for each in edges for late in (-1, 0, 1)]
    return [_make_one(chance, number, times) for number in range(400)]


def _make_one(chance: Random, number: int, times: list[datetime]) -> StoredRow:
    email, phone = (chance.choice([None, value]) for value in ("ann@example.com", "+4915112345678"))
    providers = chance.choice([(), ("google",), ("apple", "google")])
    has = {AuthMethod.EMAIL: email, AuthMethod.PHONE: phone, AuthMethod.OAUTH: providers}
    return make_row(
        f"usr_{number}",
        email=email,
        phone=phone,
        oauth_providers=providers,
        auth_methods=[each for each, value in has.items() if value],
        email_verified=bool(email and chance.random() < 0.5),
        phone_verified=bool(phone and chance.random() < 0.5),
        status=chance.choice(list(Status)),
        is_admin=chance.random() < 0.5,
        user_types=chance.sample(["learner", "instructor"], k=chance.randrange(3)),
        created_at=chance.choice(times),
        last_login_at=chance.choice([None, *times]),
        locked_until=chance.choice([None, *times]),
        group_count=chance.randrange(2),
        profile_complete=chance.random() < 0.5,
    )


POPULATION = make_population()


@pytest.fixture(scope="module")
def database() -> Database:
    return open_database(POPULATION)


def count(database: Database, zone: ZoneInfo = BERLIN, **filters: Any) -> UserStatistics:
    """The statistics of the users that these filters select."""
    expression = UserFilters(**filters).expression(NOW)
    shown, with_deleted = (
        compile_condition(each, ALL_KNOWN) for each in (without_deleted(expression), expression)
    )
    return count_statistics(database, Selection(shown, with_deleted), NOW, zone)


def since(days: int) -> datetime:
    return NOW - timedelta(days=days)


type Question = Callable[[StoredRow], object]
NUMBERS: Mapping[str, Question] = {
    "admins": lambda row: row.is_admin,
    "neverSignedIn": lambda row: row.last_login_at is None,
    "locked": lambda row: row.locked_until and row.locked_until > NOW,
    "withoutGroups": lambda row: row.group_count == 0,
    "profileComplete": lambda row: row.profile_complete,
    "byAuthMethod.email": lambda row: AuthMethod.EMAIL in row.auth_methods,
    "byAuthMethod.phone": lambda row: AuthMethod.PHONE in row.auth_methods,
    "byAuthMethod.oauth": lambda row: AuthMethod.OAUTH in row.auth_methods,
    "verification.emailVerified": lambda row: row.email_verified,
    "verification.emailUnverified": lambda row: row.email and not row.email_verified,
    "verification.phoneVerified": lambda row: row.phone_verified,
    "verification.phoneUnverified": lambda row: row.phone and not row.phone_verified,
    "registered.today": lambda row: row.created_at >= TODAY,
    "registered.last7Days": lambda row: row.created_at >= since(7),
    "registered.last30Days": lambda row: row.created_at >= since(30),
    "registered.last90Days": lambda row: row.created_at >= since(90),
    "active.lastDay": lambda row: row.last_login_at and row.last_login_at >= since(1),
    "active.last7Days": lambda row: row.last_login_at and row.last_login_at >= since(7),
    "active.last30Days": lambda row: row.last_login_at and row.last_login_at >= since(30),
    "active.last90Days": lambda row: row.last_login_at and row.last_login_at >= since(90),
    "byUserType.learner": lambda row: "learner" in row.user_types,
    "byUserType.instructor": lambda row: "instructor" in row.user_types,
    "total": lambda _: True,
}
"""The users that each number counts, evaluated without SQL."""


def numbers_in(statistics: UserStatistics) -> dict[str, int]:
    """All numbers but those by status, each with the way to it."""
    answer = statistics.model_dump(mode="json", by_alias=True, exclude_none=True)
    del answer["byStatus"]
    found: dict[str, int] = {}
    for name, value in answer.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        found |= {f"{name}.{part}".rstrip("."): number for part, number in parts}
    return found


@pytest.mark.parametrize(
    ("filters", "selected"),
    [
        ({}, lambda row: row.status is not Status.DELETED),
        ({"status": "active,deleted"}, lambda row: row.status in {"active", "deleted"}),
        ({"is_admin": True}, lambda row: row.is_admin and row.status is not Status.DELETED),
        ({"filter": "deletedAt pr"}, lambda _: False),
    ],
)
def test_every_number_counts_the_users_that_the_list_shows(
    database: Database, filters: dict[str, Any], selected: Question
) -> None:
    rows = [row for row in POPULATION if selected(row)]
    expected = {
        name: sum(bool(question(row)) for row in rows)
        for name, question in NUMBERS.items()
        if rows or not name.startswith("byUserType")
    }

    assert numbers_in(count(database, **filters)) == expected


def test_all_statuses_are_counted_with_that_of_the_soft_deleted(database: Database) -> None:
    statistics = count(database, is_admin=True)

    assert statistics.by_status == {
        each: sum(row.is_admin and row.status is each for row in POPULATION) for each in Status
    }
    assert (
        statistics.total
        == sum(statistics.by_status.values()) - statistics.by_status[Status.DELETED]
    )


def test_status_without_users_counts_as_zero() -> None:
    statistics = count(open_database([make_row("usr_1")]))

    assert statistics.by_status == {each: int(each is Status.ACTIVE) for each in Status}


def test_empty_directory_has_statistics() -> None:
    nobody = Database()
    nobody.build([])

    assert set(numbers_in(count(nobody)).values()) == {0}


def test_today_depends_on_the_time_zone(database: Database) -> None:
    tomorrow_already = count(database, ZoneInfo("Pacific/Kiritimati")).registered.today

    rows = [row for row in POPULATION if row.status is not Status.DELETED]
    begun = datetime(2026, 3, 15, 10, tzinfo=UTC)
    assert tomorrow_already == sum(row.created_at >= begun for row in rows)


def test_document_names_the_filter_of_each_number() -> None:
    schemas = build_document(read_catalog().operations)["components"]["schemas"]

    properties = schemas["UserStatistics"]["properties"]
    assert properties["locked"]["description"] == "Users with `lockedUntil gt <now>`."
    active = schemas["RecentlyActive"]["properties"]["last7Days"]
    assert active["description"] == "Users with `lastLoginAt ge <7 days ago>`."
