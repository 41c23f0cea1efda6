"""The filters of lists, exports and bulk operations, with the parameter names that existing clients
use (U3, U4).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from rollcall.directory.expressions import (
    And,
    Comparison,
    Expression,
    Operator,
    TextSearch,
    conjoin,
    disjoin,
    paths_in,
)
from rollcall.directory.rows import AuthMethod
from rollcall.directory.scim_filter import LENGTH_AT_MOST, parse_filter
from rollcall.directory.shorthands import A_YEAR_MORE_AGO, DAYS_AGO, NOW, YEARS_AGO, ShortFor
from rollcall.grants.permissions import Permission
from rollcall.kit.field_types import Id
from rollcall.kit.model import Request, TimeOrDate
from rollcall.kit.near_misses import spelling
from rollcall.users.fact_set import LARGEST
from rollcall.users.statuses import Status

VALUES_AT_MOST = 50
_MOMENT = "A date means its start in UTC."


def _split(value: object) -> object:
    """Values that are repeated or separated by commas."""
    given = value if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(each, str) for each in given):
        return value
    return tuple(part.strip() for each in given for part in each.split(","))


def _gather(value: object) -> object:
    """Values that are repeated."""
    return (value,) if isinstance(value, str) else value


T = TypeVar("T")
SEPARATED = BeforeValidator(_split)
"""For the type of a parameter whose values are repeated or separated by commas: ids, and codes and
names from a list, which contain no commas."""
OneOrMore = Annotated[
    tuple[T, ...],
    Field(
        max_length=VALUES_AT_MOST,
        description="To match any of several values, repeat the parameter or separate them with "
        "commas.",
    ),
    SEPARATED,
]
Repeated = Annotated[
    tuple[T, ...],
    Field(
        max_length=VALUES_AT_MOST,
        description="To match any of several values, repeat the parameter. A comma is part of a "
        "value.",
    ),
    BeforeValidator(_gather),
]
"""The type of a parameter for free text, in which a comma is a part of the value."""
Word = Annotated[str, Field(min_length=1, max_length=200)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Years = Annotated[int, Field(ge=0, le=150)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Amount = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


_STATUS = ShortFor("status eq {}", words="status and statuses are the same filter.")
_YEARS = "In full years, in UTC."
Flag = bool | None
Codes = OneOrMore[Word] | None
Texts = Repeated[Word] | None


class UserFilters(Request):
    """The users to select. Users must match all filters. A filter with several values matches any
    of them: repeat the parameter. Ids, codes and fixed values can also be separated by commas.
    """

    search: Annotated[
        str | None,
        Field(
            max_length=200,
            description="Words that must all occur in name, email, username, phone or unique id. "
            "Case, accents, width and invisible characters do not count, and letters such as ł and "
            "ß count as l and ss. Phone numbers are compared by their digits, and "
            "internationalized domains in both forms.",
        ),
    ] = None
    filter: Annotated[
        str | None,
        Field(
            max_length=LENGTH_AT_MOST,
            description="A SCIM filter (RFC 7644 section 3.4.2.2) over the fields of listed users, "
            "`resources.<type>` and `facts.<source>.<name>`.",
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
    user_types: Annotated[Codes, Field(alias="user_types"), ShortFor("userTypes eq {}")] = None
    email_verified: Annotated[
        Flag, Field(alias="email_verified"), ShortFor("emailVerified eq true")
    ] = None
    email_bounced: Annotated[
        Flag, Field(alias="email_bounced"), ShortFor("emailBounced eq true")
    ] = None
    phone_verified: Annotated[
        Flag, Field(alias="phone_verified"), ShortFor("phoneVerified eq true")
    ] = None
    auth_method: Annotated[
        OneOrMore[AuthMethod] | None, Field(alias="auth_method"), ShortFor("authMethods eq {}")
    ] = None
    has_oauth: Annotated[Flag, Field(alias="has_oauth"), ShortFor("oauthProviders pr")] = None
    oauth_provider: Annotated[
        Texts, Field(alias="oauth_provider"), ShortFor("oauthProviders eq {}")
    ] = None
    has_password: Annotated[Flag, Field(alias="has_password"), ShortFor("hasPassword eq true")] = (
        None
    )
    roles: Annotated[Codes, ShortFor("roles eq {}")] = None
    groups: Annotated[Codes, ShortFor("groups eq {}")] = None
    organizations: Annotated[Codes, ShortFor("organizations eq {}")] = None
    permissions: Annotated[OneOrMore[Permission] | None, ShortFor("permissions eq {}")] = None

    profile_complete: Annotated[
        Flag, Field(alias="profile_complete"), ShortFor("profileComplete eq true")
    ] = None
    has_avatar: Annotated[Flag, Field(alias="has_avatar"), ShortFor("avatarUrl pr")] = None
    has_bio: Annotated[Flag, Field(alias="has_bio"), ShortFor("bio pr")] = None
    has_location: Annotated[Flag, Field(alias="has_location"), ShortFor("location pr")] = None
    country: Annotated[Codes, ShortFor("country eq {}")] = None
    city: Annotated[Texts, ShortFor("city eq {}")] = None
    state: Annotated[Texts, ShortFor("state eq {}")] = None
    continent: Annotated[Texts, ShortFor("continent eq {}")] = None
    timezone: Annotated[Codes, ShortFor("timezone eq {}")] = None
    locale: Annotated[Codes, ShortFor("locale eq {}")] = None
    gender: Annotated[Texts, ShortFor("gender eq {}")] = None
    designation: Annotated[Texts, ShortFor("designation eq {}")] = None
    expertise: Annotated[Texts, ShortFor("expertise eq {}")] = None
    age_min: Annotated[
        Years | None, Field(alias="age_min"), ShortFor("birthDate le {}", YEARS_AGO, _YEARS)
    ] = None
    age_max: Annotated[
        Years | None, Field(alias="age_max"), ShortFor("birthDate gt {}", A_YEAR_MORE_AGO, _YEARS)
    ] = None

    created_after: Annotated[
        TimeOrDate | None, Field(alias="created_after"), ShortFor("createdAt gt {}", words=_MOMENT)
    ] = None
    created_before: Annotated[
        TimeOrDate | None, Field(alias="created_before"), ShortFor("createdAt lt {}", words=_MOMENT)
    ] = None
    created_in_last_days: Annotated[
        Days | None, Field(alias="created_in_last_days"), ShortFor("createdAt ge {}", DAYS_AGO)
    ] = None
    last_login_after: Annotated[
        TimeOrDate | None,
        Field(alias="last_login_after"),
        ShortFor("lastLoginAt gt {}", words=_MOMENT),
    ] = None
    last_login_before: Annotated[
        TimeOrDate | None,
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
            "Users who have never signed in have been inactive since they were created.",
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
        Texts,
        Field(alias="enrollment_status"),
        ShortFor("facts.learning.enrollmentStatuses eq {}"),
    ] = None
    enrolled_program_type: Annotated[
        Texts, Field(alias="enrolled_program_type"), ShortFor("facts.learning.programTypes eq {}")
    ] = None
    enrolled_program_ids: Annotated[
        Codes, Field(alias="enrolled_program_ids"), ShortFor("facts.learning.programIds eq {}")
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
        ShortFor("facts.learning.totalTimeSpent ge {}", words="In the fact's unit."),
    ] = None
    last_learning_activity_after: Annotated[
        TimeOrDate | None,
        Field(alias="last_learning_activity_after"),
        ShortFor("facts.learning.lastActivityAt gt {}", words=_MOMENT),
    ] = None

    def expression(self, now: datetime) -> Expression | None:
        """The filters, except for the segment; None selects all users.

        Raises Invalid if ``filter`` is not a SCIM filter.
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
        """Each given value, with the filter that it is short for."""
        for name, field in UserFilters.model_fields.items():
            given = getattr(self, name)
            for mark in field.metadata:
                if isinstance(mark, ShortFor) and given is not None:
                    values = given if isinstance(given, tuple) else (given,)
                    yield from ((mark, value) for value in values)


def without_deleted(expression: Expression | None) -> Expression:
    """The expression without deleted users, unless it filters by deletion itself."""
    not_deleted = Comparison("status", Operator.NE, Status.DELETED)
    if expression is None:
        return not_deleted
    asked = {spelling(path) for path in paths_in(expression)} & {"status", "deletedat"}
    return expression if asked else And((expression, not_deleted))
