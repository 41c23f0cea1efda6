"""The changes of an account about which the user is notified, and the mail for each (I4, U7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rollcall.kit.journal import Changed, JournalEntry
from rollcall.kit.mail_templates import MailTemplate
from rollcall.mails.catalog import (
    DELETED,
    DISABLED,
    EMAIL_CHANGED,
    EMAIL_REPLACED,
    PASSWORD_CHANGED,
    SUSPENDED,
    WELCOME,
)
from rollcall.mails.notices import Recipient
from rollcall.users.statuses import STATUS_RULES, Status
from rollcall.users.user import User


class AccountEvent(NamedTuple):
    """A journal entry about a user, with the present user."""

    entry: JournalEntry
    user: User

    def change(self, fact: str) -> Changed:
        """A fact before and after; None in both if it has not changed."""
        return self.entry.changes.get(fact, Changed())

    @property
    def created(self) -> bool:
        """Whether the user is new."""
        return self.entry.target.version == 1

    @property
    def settled(self) -> bool:
        """Whether the Cognito account is in sync with the change, or a later one."""
        pending = "passwordSetAt" in self.entry.changes and self.user.pending_credential
        return self.user.identity_version >= self.entry.target.version and not pending

    @property
    def recipient(self) -> Recipient:
        """The user. For an erased user, the state before the deletion."""
        if not self.user.erased:
            return Recipient.of(self.user)
        erased = (self.change(fact).before for fact in ("email", "name", "username", "profile"))
        email, name, username, profile = erased
        locale = (profile or {}).get("locale")
        return Recipient(email or "", name or username or "", locale, self._had_bounced)

    @property
    def _had_bounced(self) -> bool:
        """Whether this entry has ended the bounce of the former email."""
        return self.change("emailBounced").before is not None

    def recipient_at(self, email: str) -> Recipient:
        """The recipient of a mail to the present or the former email."""
        recipient = self.recipient
        if email == recipient.email:
            return recipient
        return recipient._replace(email=email, bounced=self._had_bounced)


def _is_welcome(event: AccountEvent) -> bool:
    user = event.user
    return event.created and user.welcomed_with is not None and STATUS_RULES[user.status].sign_in


def _is_new_password(event: AccountEvent) -> bool:
    """A password from an admin, not the user's own when accepting an invitation."""
    set_at = event.change("passwordSetAt").after
    chosen = set_at is not None and not event.created and "status" not in event.entry.changes
    return chosen and event.user.facts().get("passwordSetAt") == set_at


def _is_new_email(event: AccountEvent) -> bool:
    after = event.change("email").after
    return after is not None and not event.created and event.user.email == after


def _is_old_email(event: AccountEvent) -> bool:
    before = event.change("email").before
    return before is not None and not event.user.erased and event.user.email != before


def _becomes(status: Status, *before: Status) -> Callable[[AccountEvent], bool]:
    def becomes(event: AccountEvent) -> bool:
        change = event.change("status")
        stepped = change.before in before and change.after == status
        return stepped and event.user.status is status

    return becomes


class Rule(NamedTuple):
    """Which mail is sent on which event, and to which address."""

    template: MailTemplate
    applies: Callable[[AccountEvent], bool]
    to: Callable[[AccountEvent], str] = lambda event: event.recipient.email


RULES = (
    Rule(WELCOME, _is_welcome),
    Rule(PASSWORD_CHANGED, _is_new_password),
    Rule(EMAIL_CHANGED, _is_new_email),
    Rule(EMAIL_REPLACED, _is_old_email, lambda event: str(event.change("email").before)),
    # Invited users have no account yet. Soft-deleted users were notified at the deletion.
    Rule(DISABLED, _becomes(Status.INACTIVE, Status.ACTIVE)),
    Rule(SUSPENDED, _becomes(Status.SUSPENDED, Status.ACTIVE)),
    Rule(DELETED, _becomes(Status.DELETED, Status.ACTIVE, Status.INACTIVE, Status.SUSPENDED)),
)
"""All notifications. They do not depend on who made the change: an admin, a service, a job or a
bulk operation. No mail is sent about a change that was undone or superseded meanwhile, or about a
reset, which the identity provider mails itself."""
