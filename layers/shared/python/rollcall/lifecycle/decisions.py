"""Decides what the lifecycle policy does to one user (L1, I18). The preview and the clean-up both
use only :func:`decide`.
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
    """An action of the clean-up."""

    WARN = "warn"
    DISABLE = "disable"
    DELETE = "delete"


class ExemptFor(StrEnum):
    """Why a user is exempt from an action."""

    ADMIN = "admin"
    USER = "user"
    GROUP = "group"
    ROLE = "role"
    FILTER = "filter"
    NO_EMAIL = "no_email"
    """The user cannot be warned by mail. Users who were not warned are not disabled."""
    EMAIL_BOUNCED = "email_bounced"
    """Mails to the user are not delivered, and perhaps the warning was not. After the email is
    changed or works again, the user is warned again."""


class Exemption(Answer):
    """A reason why a user is exempt, with the id of the group or role if it is one of these."""

    reason: ExemptFor
    id: str | None = None


class Candidate(NamedTuple):
    """The data about a user that decisions need: columns of the directory's row, and the result of
    the policy's filter.
    """

    id: str
    version: int
    name: str | None
    email: str | None
    email_bounced: bool
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
    """Whether the policy's filter exempts the user."""

    @classmethod
    def of(cls, row: DirectoryUser, *, filtered: bool) -> Self:
        """The candidate with a user's row."""
        return cls._make((*(getattr(row, name) for name in COLUMNS), filtered))

    @property
    def inactive_since(self) -> datetime:
        """The last sign-in, or the creation of a user who has never signed in."""
        return self.last_login_at or self.created_at


COLUMNS = Candidate._fields[:-1]
"""The fields that are columns of the directory."""


class Decision(NamedTuple):
    """The action that is due, and the reasons why the user is exempt from it."""

    due: Deed | None
    exemptions: tuple[Exemption, ...] = ()

    @property
    def deed(self) -> Deed | None:
        """The action to take."""
        return None if self.exemptions else self.due

    @property
    def is_unreachable(self) -> bool:
        """Whether the only reason is that mails to the user are not delivered."""
        return [each.reason for each in self.exemptions] == [ExemptFor.EMAIL_BOUNCED]


def decide(terms: LifecycleTerms, candidate: Candidate, now: datetime) -> Decision:
    """What the policy does to a user at a time."""
    due = _find_due(terms, candidate, now)
    return Decision(due, tuple(_find_exemptions(terms, candidate, due)) if due else ())


def _find_due(terms: LifecycleTerms, candidate: Candidate, now: datetime) -> Deed | None:
    if candidate.status is Status.INACTIVE:
        disabled_at = candidate.disabled_for_inactivity_at
        is_old = disabled_at is not None and disabled_at <= now - timedelta(terms.delete_after_days)
        return Deed.DELETE if terms.delete_disabled and is_old else None
    inactive_since, warned_at = candidate.inactive_since, candidate.inactivity_warned_at
    if candidate.status is not Status.ACTIVE or inactive_since > now - timedelta(
        terms.warn_after_days
    ):
        return None
    if warned_at is None:
        return Deed.WARN
    # The date in the mail is kept, even if the policy now has fewer days. More days count, too.
    promised = max(candidate.disables_at or warned_at, terms.end_grace(warned_at))
    is_due = inactive_since <= now - timedelta(terms.disable_after_days) and promised <= now
    return Deed.DISABLE if is_due else None


def _find_exemptions(terms: LifecycleTerms, candidate: Candidate, due: Deed) -> Iterator[Exemption]:
    if candidate.is_admin:
        yield Exemption(reason=ExemptFor.ADMIN)
    if candidate.id in terms.exempt_users:
        yield Exemption(reason=ExemptFor.USER)
    for each in sorted(set(candidate.groups) & set(terms.exempt_groups)):
        yield Exemption(reason=ExemptFor.GROUP, id=each)
    for each in sorted(set(candidate.roles) & set(terms.exempt_roles)):
        yield Exemption(reason=ExemptFor.ROLE, id=each)
    if candidate.filtered:
        yield Exemption(reason=ExemptFor.FILTER)
    if candidate.email is None and due is not Deed.DELETE:
        yield Exemption(reason=ExemptFor.NO_EMAIL)
    if candidate.email_bounced and due is not Deed.DELETE:
        yield Exemption(reason=ExemptFor.EMAIL_BOUNCED)
