"""What the lifecycle policy means for one user (L1, I18). The preview and the clean-up both decide
by :func:`decide` and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Self

from rollcall.directory.rows import DirectoryUser
from rollcall.kit.model import Answer
from rollcall.lifecycle.policy import LifecycleTerms
from rollcall.users.statuses import Status


class Deed(StrEnum):
    """What there is to be done about a user."""

    WARN = "warn"
    DISABLE = "disable"
    DELETE = "delete"


class ExemptFor(StrEnum):
    """Why nothing is done about a user for whom it would be time."""

    ADMIN = "admin"
    USER = "user"
    GROUP = "group"
    ROLE = "role"
    FILTER = "filter"
    NO_EMAIL = "no_email"
    """Nobody can warn them by mail, and who is not warned is not disabled."""


class Exemption(Answer):
    """One reason; with the group or the role that it is about."""

    reason: ExemptFor
    id: str | None = None


class Subject(NamedTuple):
    """What is to be known of a user to decide: columns of the directory's row, and what the
    policy's filter says of it.
    """

    id: str
    version: int
    name: str | None
    email: str | None
    status: Status
    is_admin: bool
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    created_at: datetime
    last_login_at: datetime | None
    inactivity_warned_at: datetime | None
    disables_at: datetime | None
    disabled_for_inactivity_at: datetime | None
    filtered: bool
    """Whether the filter of the exempt holds for the user."""

    @classmethod
    def of(cls, row: DirectoryUser, *, filtered: bool) -> Self:
        """From a user's row."""
        return cls._make((*(getattr(row, name) for name in COLUMNS), filtered))

    @property
    def inactive_since(self) -> datetime:
        """The last sign-in; of whoever has never signed in, the creation."""
        return self.last_login_at or self.created_at


COLUMNS = Subject._fields[:-1]
"""Those of its fields that are columns of the directory."""


class Decision(NamedTuple):
    """What it is time for, and why it is not done after all."""

    due: Deed | None
    exemptions: tuple[Exemption, ...] = ()

    @property
    def deed(self) -> Deed | None:
        """What is to be done."""
        return None if self.exemptions else self.due


def decide(terms: LifecycleTerms, subject: Subject, now: datetime) -> Decision:
    """What the policy wants done about a user at a moment."""
    due = _find_due(terms, subject, now)
    return Decision(due, tuple(_find_exemptions(terms, subject, due)) if due else ())


def _find_due(terms: LifecycleTerms, subject: Subject, now: datetime) -> Deed | None:
    if subject.status is Status.INACTIVE:
        disabled_at = subject.disabled_for_inactivity_at
        is_old = disabled_at is not None and disabled_at <= now - timedelta(terms.delete_after_days)
        return Deed.DELETE if terms.delete_disabled and is_old else None
    inactive_since, warned_at = subject.inactive_since, subject.inactivity_warned_at
    if subject.status is not Status.ACTIVE or inactive_since > now - timedelta(
        terms.warn_after_days
    ):
        return None
    if warned_at is None:
        return Deed.WARN
    # What the mail has promised counts, be the days between fewer by now; more count too.
    promised = max(subject.disables_at or warned_at, terms.end_grace(warned_at))
    is_due = inactive_since <= now - timedelta(terms.disable_after_days) and promised <= now
    return Deed.DISABLE if is_due else None


def _find_exemptions(terms: LifecycleTerms, subject: Subject, due: Deed) -> Iterator[Exemption]:
    if subject.is_admin:
        yield Exemption(reason=ExemptFor.ADMIN)
    if subject.id in terms.exempt_users:
        yield Exemption(reason=ExemptFor.USER)
    for each in sorted(set(subject.groups) & set(terms.exempt_groups)):
        yield Exemption(reason=ExemptFor.GROUP, id=each)
    for each in sorted(set(subject.roles) & set(terms.exempt_roles)):
        yield Exemption(reason=ExemptFor.ROLE, id=each)
    if subject.filtered:
        yield Exemption(reason=ExemptFor.FILTER)
    if subject.email is None and due is not Deed.DELETE:
        yield Exemption(reason=ExemptFor.NO_EMAIL)
