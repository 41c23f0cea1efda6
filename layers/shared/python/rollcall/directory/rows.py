"""The directory's row of a user, from which its columns, the answers of lists, the filters, the
exports and the API document derive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, NamedTuple, Self

from pydantic import Field

from rollcall.directory.search_text import join_searched
from rollcall.grants.grant import RoleGrant
from rollcall.grants.permissions import Permission
from rollcall.kit.choices import Choice
from rollcall.kit.model import Answer, Date, Model, Time
from rollcall.kit.text import fold
from rollcall.kit.times import read_time
from rollcall.users.fact_set import Fact, FactSet
from rollcall.users.fields import Profile
from rollcall.users.inactivity import Inactivity
from rollcall.users.resource_types import WORKSPACE
from rollcall.users.sign_ins import BY_PASSWORD, SignIns
from rollcall.users.statuses import Status
from rollcall.users.user import User

_UNCONFIRMED = frozenset({Status.INVITED, Status.PENDING_VERIFICATION})
"""The statuses of users who have not followed a link to their address yet."""
COMPLETE_AT = 0.8
"""The share of its parts that a complete profile has."""


class Sortable(NamedTuple):
    """Marks a column that lists can be sorted by."""

    key: str = ""
    """The column with the sort values, which are derived; empty: the column itself."""


class Indexed(NamedTuple):
    """Marks a list column whose elements are also in a separate table, because there are many
    different elements and each has few users.
    """


class AuthMethod(Choice):
    """How a user can sign in."""

    EMAIL = "email"
    PHONE = "phone"
    OAUTH = "oauth"


class DirectoryUser(Answer):
    """A user in a list (U2). Every field can be used in filters."""

    id: str
    version: int
    name: Annotated[str | None, Sortable("nameKey")] = None
    email: Annotated[str | None, Sortable()] = None
    phone: str | None = None
    username: Annotated[str | None, Sortable()] = None
    unique_id: str | None = None
    status: Annotated[Status, Sortable()]
    is_admin: bool
    user_types: tuple[str, ...] = ()
    email_verified: bool
    email_bounced: Annotated[
        bool, Field(description="Whether no more mails go to the email, after a bounce.")
    ] = False
    phone_verified: bool
    auth_methods: tuple[AuthMethod, ...] = ()
    oauth_providers: Annotated[
        tuple[str, ...], Field(description="The providers that the user has signed in with.")
    ] = ()
    has_password: bool
    failed_login_attempts: Annotated[
        int, Field(description="The number since the last sign-in.")
    ] = 0
    locked_until: Time | None = None
    roles: Annotated[
        tuple[str, ...],
        Indexed(),
        Field(description="The ids of the user's roles, with rol_system for an admin."),
    ] = ()
    permissions: Annotated[
        tuple[Permission, ...], Field(description="The permissions granted to the user directly.")
    ] = ()
    groups: Annotated[
        tuple[str, ...],
        Indexed(),
        Field(description="Includes those that have not started or have expired."),
    ] = ()
    organizations: Annotated[
        tuple[str, ...],
        Indexed(),
        Field(description="Includes those that have not started or have expired."),
    ] = ()
    group_count: Annotated[int, Sortable()] = 0
    workspace_count: Annotated[int, Sortable()] = 0
    resources: Annotated[
        Mapping[str, int],
        Field(description="The number of resources of each type that the user owns."),
    ] = {}
    created_at: Annotated[Time, Sortable()]
    updated_at: Time
    deleted_at: Time | None = None
    last_login_at: Annotated[
        Time | None,
        Sortable(),
        Field(description="Up to an hour behind. GET /admin/users/{userId} has the exact time."),
    ] = None
    login_count: Annotated[
        int, Field(description="The number of recorded sign-ins, up to an hour behind.")
    ] = 0
    inactivity_warned_at: Annotated[
        Time | None,
        Field(description="Absent after the next sign-in, and after all sessions were ended."),
    ] = None
    disables_at: Annotated[
        Time | None,
        Field(description="The earliest time at which a warned user is disabled."),
    ] = None
    disabled_for_inactivity_at: Annotated[
        Time | None, Field(description="Absent for users whom an admin disabled.")
    ] = None
    profile_complete: Annotated[
        bool, Field(description=f"Whether at least {COMPLETE_AT:.0%} of the profile is filled in.")
    ]
    avatar_url: str | None = None
    bio: str | None = None
    location: str | None = None
    country: str | None = None
    state: str | None = None
    city: str | None = None
    continent: str | None = None
    timezone: str | None = None
    locale: str | None = None
    gender: str | None = None
    designation: str | None = None
    expertise: tuple[str, ...] = ()
    birth_date: Date | None = None

    @classmethod
    def of(cls, record: UserRecord) -> Self:
        """The row of a user."""
        return cls.model_validate(cls._columns(record))

    @staticmethod
    def _columns(record: UserRecord) -> dict[str, object]:
        user, sign_ins = record.user, record.sign_ins
        verified = (user.status_before_deletion or user.status) not in _UNCONFIRMED
        providers = sorted(set(sign_ins.methods) - {BY_PASSWORD})
        own = {name: getattr(user, name) for name in User.model_fields}
        return {
            **{name: own[name] for name in DirectoryUser.model_fields.keys() & own.keys()},
            **dict(user.profile),
            "email_bounced": user.email_bounced is not None,
            "email_verified": verified and user.email is not None,
            "phone_verified": verified and user.phone is not None,
            "auth_methods": _auth_methods(user, providers),
            "oauth_providers": providers,
            "has_password": user.password_set_at is not None or BY_PASSWORD in sign_ins.methods,
            "failed_login_attempts": sign_ins.failed_attempts,
            "locked_until": sign_ins.locked_until,
            "roles": [each.role_id for each in user.rows() if isinstance(each, RoleGrant)],
            "permissions": [each.permission for each in user.permission_grants],
            "groups": user.group_ids,
            "organizations": [each.organization_id for each in user.organization_memberships],
            "group_count": len(user.memberships),
            "workspace_count": user.owned.by_type.get(WORKSPACE, 0),
            "resources": user.owned.by_type,
            "last_login_at": sign_ins.listed_login_at,
            "login_count": sign_ins.listed_count,
            **_inactivity_of(record),
            "profile_complete": _is_complete(user),
        }


def _inactivity_of(record: UserRecord) -> dict[str, object]:
    """The clean-up's warning and disabling, if they still apply."""
    user, inactivity = record.user, record.inactivity
    if inactivity is None:
        return {}
    warned = inactivity.warns(
        record.sign_ins.listed_login_at, user.auth_epoch, user.email_works_since
    )
    disabled = user.status is Status.INACTIVE and inactivity.has_disabled(user.auth_epoch)
    return {
        "inactivity_warned_at": inactivity.warned_at if warned else None,
        "disables_at": inactivity.disables_at if warned else None,
        "disabled_for_inactivity_at": inactivity.disabled_at if disabled else None,
    }


NO_NAME = ""
"""The name in the cell of a source that has no facts about a user."""


class FactCell(Model):
    """One fact, or one value of a fact that is a list, as the directory stores it."""

    source: str
    name: str
    number: float | None = None
    text: str | None = None
    """In the form of :func:`fold`."""
    moment: Time | None = None
    pushed_at: Time

    @classmethod
    def all_of(cls, facts: FactSet) -> Iterable[Self]:
        """The cells of the facts that one source has pushed. Without facts, one cell without a
        name, so that the time of the push is known.
        """
        cells = [
            cls._of(facts, name, each)
            for name, value in facts.values.items()
            for each in (value if isinstance(value, tuple) else (value,))
        ]
        return cells or [cls(source=facts.source, name=NO_NAME, pushed_at=facts.pushed_at)]

    @classmethod
    def _of(cls, facts: FactSet, name: str, value: Fact) -> Self:
        known = {"source": facts.source, "name": name, "pushed_at": facts.pushed_at}
        if isinstance(value, str):
            return cls.model_validate({**known, "text": fold(value), "moment": _read_time(value)})
        return cls.model_validate({**known, "number": float(value)})


class StoredRow(DirectoryUser):
    """A row with columns that are only used for filtering."""

    search_text: str
    """The values that a search covers, as :func:`join_searched` writes them."""
    facts: tuple[FactCell, ...] = ()

    @classmethod
    def of(cls, record: UserRecord) -> Self:
        """The row of a user, with its hidden columns."""
        user = record.user
        searched = (user.name, user.email, user.username, user.phone, user.unique_id)
        return cls.model_validate(
            {
                **cls._columns(record),
                "search_text": join_searched(searched),
                "facts": [cell for each in user.fact_sets for cell in FactCell.all_of(each)],
            }
        )


class UserRecord(NamedTuple):
    """The stored items of a user that the directory uses."""

    user: User
    sign_ins: SignIns
    inactivity: Inactivity | None = None
    """What the clean-up has done; None for most users."""


def _read_time(text: str) -> datetime | None:
    """The time that a text has, if any. A date, or a time without an offset, is only a text."""
    try:
        return read_time(text)
    except (ValueError, OverflowError):
        return None


def _auth_methods(user: User, providers: list[str]) -> list[AuthMethod]:
    can = {
        AuthMethod.EMAIL: user.email,
        AuthMethod.PHONE: user.phone,
        AuthMethod.OAUTH: providers,
    }
    return [method for method, has in can.items() if has]


def _is_complete(user: User) -> bool:
    profile: Profile = user.profile
    parts = (
        user.name,
        user.email or user.phone,
        profile.avatar_url,
        profile.bio,
        profile.location or profile.city,
        profile.country,
        profile.timezone,
        profile.gender,
        profile.designation,
        profile.birth_date,
    )
    return sum(part is not None for part in parts) >= COMPLETE_AT * len(parts)
