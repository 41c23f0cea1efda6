"""The statistics of users (A3). Each is the number of those whom a filter selects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from rollcall.directory.columns import read_columns
from rollcall.directory.database import Database
from rollcall.directory.expressions import Expression
from rollcall.directory.filters import DAYS_AGO, ITSELF, NOW, Reading, ShortFor
from rollcall.directory.selections import OfSelection, Selection
from rollcall.directory.tallies import add_up, count_each, count_values
from rollcall.directory.time_zones import begin_day
from rollcall.kit.model import Answer
from rollcall.users.statuses import Status

_USER_TYPES = read_columns()["usertypes"]
TODAY = Reading(
    "the beginning of today", lambda zone, now: begin_day(now.astimezone(zone).date(), zone)
)


class Counts(NamedTuple):
    """Marks a number with the filter that selects those it counts."""

    filter: str
    reading: Reading = ITSELF
    argument: object = None

    def expression(self, now: datetime, zone: ZoneInfo) -> Expression:
        """The filter."""
        argument = zone if self.reading is TODAY else self.argument
        return ShortFor(self.filter, self.reading).expression(argument, now)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The number's schema with the filter."""
        words = self.reading.words.replace("so many", str(self.argument))
        filled = self.filter.replace("{}", f"<{words}>")
        return {**handler(schema), "description": f"Users with `{filled}`."}


class Counted(Answer):
    """Numbers that each count the users whom a filter selects, or groups of such numbers."""

    @classmethod
    def marks(cls) -> Iterator[tuple[tuple[str, ...], Counts]]:
        """The way to each number, by the fields' names, and its filter."""
        for name, field in cls.model_fields.items():
            yield from (((name,), mark) for mark in field.metadata if isinstance(mark, Counts))
            group = field.annotation
            if isinstance(group, type) and issubclass(group, Counted):
                yield from (((name, *way), mark) for way, mark in group.marks())


def _registered(days: int) -> Counts:
    return Counts("createdAt ge {}", DAYS_AGO, days)


def _active(days: int) -> Counts:
    return Counts("lastLoginAt ge {}", DAYS_AGO, days)


class ByAuthMethod(Counted):
    """How users can sign in; some can in several ways."""

    # To look for a value in the lists would take three times as long; rows.py makes them of these.
    email: Annotated[int, Counts("email pr")]
    phone: Annotated[int, Counts("phone pr")]
    oauth: Annotated[int, Counts("oauthProviders pr")]


class Verification(Counted):
    """Whose addresses have been verified; who has none is in neither number."""

    email_verified: Annotated[int, Counts("emailVerified eq true")]
    email_unverified: Annotated[int, Counts("email pr and emailVerified eq false")]
    phone_verified: Annotated[int, Counts("phoneVerified eq true")]
    phone_unverified: Annotated[int, Counts("phone pr and phoneVerified eq false")]


class RecentlyRegistered(Counted):
    """Who has been created recently."""

    today: Annotated[int, Counts("createdAt ge {}", TODAY)]
    last_7_days: Annotated[int, _registered(7)]
    last_30_days: Annotated[int, _registered(30)]
    last_90_days: Annotated[int, _registered(90)]


class RecentlyActive(Counted):
    """Who has signed in recently."""

    last_day: Annotated[int, _active(1)]
    last_7_days: Annotated[int, _active(7)]
    last_30_days: Annotated[int, _active(30)]
    last_90_days: Annotated[int, _active(90)]


class UserStatistics(Counted, OfSelection):
    """The numbers of those users whom the list would show, but for ``byStatus``."""

    total: int
    by_status: Annotated[
        Mapping[Status, int],
        Field(
            description="Of all statuses. Soft-deleted users count here alone, unless a filter "
            "asks about that."
        ),
    ]
    by_user_type: Annotated[
        Mapping[str, int], Field(description="Of the types that occur. Some users have several.")
    ]
    by_auth_method: ByAuthMethod
    verification: Verification
    registered: RecentlyRegistered
    active: RecentlyActive
    admins: Annotated[int, Counts("isAdmin eq true")]
    never_signed_in: Annotated[int, Counts("lastLoginAt eq null")]
    locked: Annotated[int, Counts("lockedUntil gt {}", NOW)]
    without_groups: Annotated[int, Counts("groupCount eq 0")]
    profile_complete: Annotated[int, Counts("profileComplete eq true")]


def count_statistics(
    database: Database, selection: Selection, now: datetime, zone: ZoneInfo
) -> UserStatistics:
    """The statistics of the users whom filters select; today is the day in this time zone."""
    ways, marks = zip(*UserStatistics.marks(), strict=True)
    counted = [each.expression(now, zone) for each in marks]
    by_status = count_each(database, selection.with_deleted, counted)
    hidden = {Status.DELETED} if selection.hides_deleted else set()
    total, *counts = add_up(each for status, each in by_status.items() if status not in hidden)
    return UserStatistics.model_validate(
        {
            **_arrange(dict(zip(ways, counts, strict=True))),
            "total": total,
            "by_status": {status: counts[0] for status, counts in by_status.items()},
            "by_user_type": dict(count_values(database, selection.shown, _USER_TYPES)),
            "skipped_filters": selection.shown.skipped or None,
        }
    )


def _arrange(counts: Mapping[tuple[str, ...], int]) -> dict[str, Any]:
    """The numbers in their groups."""
    arranged: dict[str, Any] = {}
    for (*groups, name), count in counts.items():
        place = arranged
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = count
    return arranged
