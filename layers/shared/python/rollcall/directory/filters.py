"""The filters of lists, exports and bulk work, by the names that other systems gave them (U3, U4).

Each is declared once: its parameter, and the filter in SCIM's language that it is short for, from
which the API document and the expression derive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Not,
    Operator,
    Or,
    TextSearch,
    Value,
    conjoin,
    disjoin,
    paths_in,
)
from rollcall.directory.rows import AuthMethod
from rollcall.directory.scim_filter import LENGTH_AT_MOST, parse_filter
from rollcall.kit.field_types import Id
from rollcall.kit.model import Request, Time
from rollcall.users.statuses import Status

VALUES_AT_MOST = 50
_HOLE = "{}"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = "A date is its first moment in UTC."


def _split(value: object) -> object:
    """Several values, given one by one or with commas between them."""
    given = value if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(each, str) for each in given):
        return value
    return tuple(part.strip() for each in given for part in each.split(","))


def _begin_day(value: object) -> object:
    """A date is its first moment in UTC."""
    is_date = isinstance(value, str) and _DATE.fullmatch(value)
    return f"{value}T00:00:00Z" if is_date else value


T = TypeVar("T")
SEPARATED = BeforeValidator(_split)
"""Beside the type of a parameter with several values."""
OneOrMore = Annotated[tuple[T, ...], Field(max_length=VALUES_AT_MOST), SEPARATED]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Moment = Annotated[
    Time,
    BeforeValidator(_begin_day),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}),
]
Days = Annotated[int, Field(ge=0, le=36_500)]
Years = Annotated[int, Field(ge=0, le=150)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Amount = Annotated[float, Field(allow_inf_nan=False)]


class Reading(NamedTuple):
    """What a parameter's value means in a filter."""

    words: str
    read: Callable[[Any, datetime], Value]


def _years_before(day: date, years: int) -> date:
    """The last birthday of those who are so old: 29 February comes on 1 March in other years."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


ITSELF = Reading("the value", lambda value, _: value)
NOW = Reading("now", lambda _, now: now)
DAYS_AGO = Reading("so many days ago", lambda days, now: now - timedelta(days=days))
YEARS_AGO = Reading(
    "today so many years ago", lambda years, now: _years_before(now.astimezone(UTC).date(), years)
)
A_YEAR_MORE_AGO = Reading(
    "today a year and so many years ago",
    lambda years, now: _years_before(now.astimezone(UTC).date(), years + 1),
)


class ShortFor(NamedTuple):
    """Marks a parameter with the filter that it is short for: ``{}`` stands for its value, any of
    several; ``false`` means the contrary. Parameters that are short for the same are one.
    """

    filter: str
    reading: Reading = ITSELF
    words: str = ""
    """What else there is to say of the parameter."""

    def expression(self, value: Any, now: datetime) -> Expression:
        """What the parameter asks for with this value."""
        asked = _fill(_parse(self.filter), self.reading.read(value, now))
        return Not(asked) if value is False else asked

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The parameter's schema with what it is short for."""
        described = handler(schema)
        meant = self.filter.replace(_HOLE, f"<{self.reading.words}>")
        kinds = {each.get("type") for each in described.get("anyOf", ())}
        more = (sentence for kind, sentence in _MORE.items() if kind in kinds)
        words = " ".join((f"Short for `{meant}`.", *more, self.words)).strip()
        return {**described, "description": words}


_MORE = {
    "boolean": "false asks for the contrary.",
    "array": "Several are alternatives: repeat the parameter, or put commas between them.",
}


@cache
def _parse(shorthand: str) -> Expression:
    return parse_filter(shorthand.replace(_HOLE, f'"{_HOLE}"'))


def _fill(expression: Expression, value: Value) -> Expression:
    match expression:
        case And(operands) | Or(operands):
            return type(expression)(tuple(_fill(each, value) for each in operands))
        case Not(operand):
            return Not(_fill(operand, value))
        case Comparison(value=found) if found == _HOLE:
            return replace(expression, value=value)
        case _:
            return expression


_STATUS = ShortFor("status eq {}", words="status and statuses are one filter.")
_YEARS = "In whole years, counted in UTC."
Flag = bool | None
Words = OneOrMore[Word] | None


class UserFilters(Request):
    """Which users are meant. Different filters hold all at once; several values of one are
    alternatives, given one by one or with commas between them.
    """

    search: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Words that all occur, in whatever case, within name, email, username, "
            "phone or unique id.",
        ),
    ] = None
    filter: Annotated[
        str | None,
        Field(
            max_length=LENGTH_AT_MOST,
            description="In SCIM's filter language (RFC 7644 section 3.4.2.2), over the fields of "
            "the users that lists answer, `resources.<type>` and `facts.<source>.<name>`.",
        ),
    ] = None
    segment: Annotated[Id | None, Field(description="The id of a saved filter.")] = None

    status: Annotated[OneOrMore[Status] | None, _STATUS] = None
    statuses: Annotated[OneOrMore[Status] | None, _STATUS] = None
    is_admin: Annotated[Flag, Field(alias="is_admin"), ShortFor("isAdmin eq true")] = None
    is_instructor: Annotated[
        Flag, Field(alias="is_instructor"), ShortFor('userTypes eq "instructor"')
    ] = None
    is_learner: Annotated[Flag, Field(alias="is_learner"), ShortFor('userTypes eq "learner"')] = (
        None
    )
    user_types: Annotated[Words, Field(alias="user_types"), ShortFor("userTypes eq {}")] = None
    email_verified: Annotated[
        Flag, Field(alias="email_verified"), ShortFor("emailVerified eq true")
    ] = None
    phone_verified: Annotated[
        Flag, Field(alias="phone_verified"), ShortFor("phoneVerified eq true")
    ] = None
    auth_method: Annotated[
        OneOrMore[AuthMethod] | None, Field(alias="auth_method"), ShortFor("authMethods eq {}")
    ] = None
    has_oauth: Annotated[Flag, Field(alias="has_oauth"), ShortFor("oauthProviders pr")] = None
    oauth_provider: Annotated[
        Words, Field(alias="oauth_provider"), ShortFor("oauthProviders eq {}")
    ] = None
    has_password: Annotated[Flag, Field(alias="has_password"), ShortFor("hasPassword eq true")] = (
        None
    )
    roles: Annotated[Words, ShortFor("roles eq {}")] = None
    groups: Annotated[Words, ShortFor("groups eq {}")] = None
    organizations: Annotated[Words, ShortFor("organizations eq {}")] = None
    permissions: Annotated[Words, ShortFor("permissions eq {}")] = None

    profile_complete: Annotated[
        Flag, Field(alias="profile_complete"), ShortFor("profileComplete eq true")
    ] = None
    has_avatar: Annotated[Flag, Field(alias="has_avatar"), ShortFor("avatarUrl pr")] = None
    has_bio: Annotated[Flag, Field(alias="has_bio"), ShortFor("bio pr")] = None
    has_location: Annotated[Flag, Field(alias="has_location"), ShortFor("location pr")] = None
    country: Annotated[Words, ShortFor("country eq {}")] = None
    city: Annotated[Words, ShortFor("city eq {}")] = None
    state: Annotated[Words, ShortFor("state eq {}")] = None
    continent: Annotated[Words, ShortFor("continent eq {}")] = None
    timezone: Annotated[Words, ShortFor("timezone eq {}")] = None
    locale: Annotated[Words, ShortFor("locale eq {}")] = None
    gender: Annotated[Words, ShortFor("gender eq {}")] = None
    designation: Annotated[Words, ShortFor("designation eq {}")] = None
    expertise: Annotated[Words, ShortFor("expertise eq {}")] = None
    age_min: Annotated[
        Years | None, Field(alias="age_min"), ShortFor("birthDate le {}", YEARS_AGO, _YEARS)
    ] = None
    age_max: Annotated[
        Years | None, Field(alias="age_max"), ShortFor("birthDate gt {}", A_YEAR_MORE_AGO, _YEARS)
    ] = None

    created_after: Annotated[
        Moment | None, Field(alias="created_after"), ShortFor("createdAt gt {}", words=_MOMENT)
    ] = None
    created_before: Annotated[
        Moment | None, Field(alias="created_before"), ShortFor("createdAt lt {}", words=_MOMENT)
    ] = None
    created_in_last_days: Annotated[
        Days | None, Field(alias="created_in_last_days"), ShortFor("createdAt ge {}", DAYS_AGO)
    ] = None
    last_login_after: Annotated[
        Moment | None, Field(alias="last_login_after"), ShortFor("lastLoginAt gt {}", words=_MOMENT)
    ] = None
    last_login_before: Annotated[
        Moment | None,
        Field(alias="last_login_before"),
        ShortFor("lastLoginAt lt {}", words=_MOMENT),
    ] = None
    active_in_last_days: Annotated[
        Days | None, Field(alias="active_in_last_days"), ShortFor("lastLoginAt ge {}", DAYS_AGO)
    ] = None
    inactive_for_days: Annotated[
        Days | None,
        Field(alias="inactive_for_days"),
        ShortFor(
            "lastLoginAt lt {} or (createdAt lt {} and lastLoginAt eq null)",
            DAYS_AGO,
            "Whoever has never signed in has been inactive since the account was made.",
        ),
    ] = None
    is_locked: Annotated[Flag, Field(alias="is_locked"), ShortFor("lockedUntil gt {}", NOW)] = None
    failed_login_attempts_min: Annotated[
        Count | None,
        Field(alias="failed_login_attempts_min"),
        ShortFor("failedLoginAttempts ge {}"),
    ] = None
    failed_login_attempts_max: Annotated[
        Count | None,
        Field(alias="failed_login_attempts_max"),
        ShortFor("failedLoginAttempts le {}"),
    ] = None

    has_enrollments: Annotated[
        Flag, Field(alias="has_enrollments"), ShortFor("facts.learning.enrollmentCount gt 0")
    ] = None
    enrollment_status: Annotated[
        Words,
        Field(alias="enrollment_status"),
        ShortFor("facts.learning.enrollmentStatuses eq {}"),
    ] = None
    enrolled_program_type: Annotated[
        Words, Field(alias="enrolled_program_type"), ShortFor("facts.learning.programTypes eq {}")
    ] = None
    enrolled_program_ids: Annotated[
        Words, Field(alias="enrolled_program_ids"), ShortFor("facts.learning.programIds eq {}")
    ] = None
    progress_min: Annotated[
        Amount | None, Field(alias="progress_min"), ShortFor("facts.learning.progress ge {}")
    ] = None
    progress_max: Annotated[
        Amount | None, Field(alias="progress_max"), ShortFor("facts.learning.progress le {}")
    ] = None
    total_time_spent_min: Annotated[
        Amount | None,
        Field(alias="total_time_spent_min"),
        ShortFor("facts.learning.totalTimeSpent ge {}", words="In the unit of the fact."),
    ] = None
    last_learning_activity_after: Annotated[
        Moment | None,
        Field(alias="last_learning_activity_after"),
        ShortFor("facts.learning.lastActivityAt gt {}", words=_MOMENT),
    ] = None

    def expression(self, now: datetime) -> Expression | None:
        """What is asked for, but for the segment; None for everybody.

        Raises Invalid when ``filter`` is not written in SCIM's filter language.
        """
        alternatives: dict[ShortFor, list[Expression]] = {}
        for short_for, value in self._given():
            alternatives.setdefault(short_for, []).append(short_for.expression(value, now))
        return conjoin(
            TextSearch(self.search) if self.search and self.search.strip() else None,
            *(disjoin(tuple(each)) for each in alternatives.values()),
            parse_filter(self.filter) if self.filter else None,
        )

    def _given(self) -> Iterator[tuple[ShortFor, Any]]:
        """Each value that is asked for, with what it means."""
        for name, field in UserFilters.model_fields.items():
            given = getattr(self, name)
            for mark in field.metadata:
                if isinstance(mark, ShortFor) and given is not None:
                    values = given if isinstance(given, tuple) else (given,)
                    yield from ((mark, value) for value in values)


def without_deleted(expression: Expression | None) -> Expression:
    """The expression for users who are not deleted, unless it asks about that itself."""
    not_deleted = Comparison("status", Operator.NE, Status.DELETED)
    if expression is None:
        return not_deleted
    asked = paths_in(expression) & {"status", "deletedat"}
    return expression if asked else And((expression, not_deleted))
