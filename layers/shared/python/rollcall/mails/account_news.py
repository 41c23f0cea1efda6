"""What of the changes of a user is news to the person, and which letter tells it (I4, U7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rollcall.kit.journal import Changed, JournalEntry
from rollcall.kit.templates import Letter
from rollcall.mails.letters import (
    DELETED,
    DISABLED,
    EMAIL_CHANGED,
    EMAIL_REPLACED,
    PASSWORD_CHANGED,
    SUSPENDED,
    WELCOME,
)
from rollcall.mails.notices import Addressee
from rollcall.users.statuses import STATUS_RULES, Status
from rollcall.users.user import User


class News(NamedTuple):
    """What an entry says has happened to a user, and the user as of now."""

    entry: JournalEntry
    user: User

    def change(self, fact: str) -> Changed:
        """A fact before and after; nothing in both when it has not changed."""
        return self.entry.changes.get(fact, Changed())

    @property
    def made(self) -> bool:
        """Whether the user is new."""
        return self.entry.target.version == 1

    @property
    def settled(self) -> bool:
        """Whether the identity provider has been told, as far as it ever will be."""
        pending = "passwordSetAt" in self.entry.changes and self.user.pending_credential
        return self.user.identity_version >= self.entry.target.version and not pending

    @property
    def addressee(self) -> Addressee:
        """Whom it is about; as they were, when nothing of the user is left."""
        if not self.user.erased:
            return Addressee.of(self.user)
        told = (self.change(fact).before for fact in ("email", "name", "username", "profile"))
        email, name, username, profile = told
        return Addressee(email or "", name or username or "", (profile or {}).get("locale"))


def _is_welcome(news: News) -> bool:
    user = news.user
    return news.made and user.welcomed_with is not None and STATUS_RULES[user.status].sign_in


def _is_new_password(news: News) -> bool:
    """One that an admin has chosen, and not the person while accepting an invitation."""
    set_at = news.change("passwordSetAt").after
    chosen = set_at is not None and not news.made and "status" not in news.entry.changes
    return chosen and news.user.facts().get("passwordSetAt") == set_at


def _is_new_email(news: News) -> bool:
    after = news.change("email").after
    return after is not None and not news.made and news.user.email == after


def _is_old_email(news: News) -> bool:
    before = news.change("email").before
    return before is not None and not news.user.erased and news.user.email != before


def _becomes(status: Status, *before: Status) -> Callable[[News], bool]:
    def becomes(news: News) -> bool:
        change = news.change("status")
        stepped = change.before in before and change.after == status
        return stepped and news.user.status is status

    return becomes


class Rule(NamedTuple):
    """Which event is told by which letter, and to whom."""

    letter: Letter
    arises: Callable[[News], bool]
    to: Callable[[News], str] = lambda news: news.addressee.email


RULES = (
    Rule(WELCOME, _is_welcome),
    Rule(PASSWORD_CHANGED, _is_new_password),
    Rule(EMAIL_CHANGED, _is_new_email),
    Rule(EMAIL_REPLACED, _is_old_email, lambda news: str(news.change("email").before)),
    # Who is invited has no account yet to hear of, and who is soft-deleted has heard of it.
    Rule(DISABLED, _becomes(Status.INACTIVE, Status.ACTIVE)),
    Rule(SUSPENDED, _becomes(Status.SUSPENDED, Status.ACTIVE)),
    Rule(DELETED, _becomes(Status.DELETED, Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED)),
)
"""All that is told, be it done by an admin, a service, a job or in bulk: it is the same to the
person. Not told is what the code takes back, what has changed again meanwhile, and a reset that the
identity provider mails itself."""
