"""Mails to users: their recipients, their texts, and sending each one only once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple, Self

from rollcall.invitations.activation import Activation, write_link
from rollcall.kit.call import Call
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Key
from rollcall.kit.errors import Contended, StillContended
from rollcall.kit.log import log_call
from rollcall.kit.mail import Mail
from rollcall.kit.mail_templates import MailTemplate
from rollcall.kit.retry import retry_contended
from rollcall.kit.tokens import Tokens
from rollcall.mails.catalog import find_templates, format_date_time
from rollcall.users.user import User

MARK_KEPT = timedelta(days=8)
"""A day longer than the journal's stream and its dead-letter queue can repeat an entry."""


class Recipient(NamedTuple):
    """The recipient of a mail, with the language as a BCP 47 tag."""

    email: str
    name: str = ""
    locale: str | None = None
    bounced: bool = False
    """Whether no mail is sent, because mails to the email are not delivered."""

    @classmethod
    def of(cls, user: User) -> Self:
        """The recipient for a user, with the language of the profile. Without an email, no mail can
        be sent.
        """
        bounced = user.email_bounced is not None
        name = user.name or user.username or ""
        return cls(user.email or "", name, user.profile.locale, bounced)

    @classmethod
    def at(cls, email: str, user: User | None, name: str = "") -> Self:
        """The recipient of a mail to an address that a user has or had. The mail shows this name,
        and not the name of the user.
        """
        bounced = user is not None and user.email_bounced is not None and user.email == email
        return cls(email, name, user.profile.locale if user else None, bounced)


class Notice(NamedTuple):
    """One mail."""

    to: str
    subject: str
    text: str
    html: str = ""
    bounced: bool = False
    """Whether it is not sent, because mails to the address are not delivered."""


def write_notice(
    call: Call,
    template: MailTemplate,
    recipient: Recipient,
    values: Mapping[str, str] | None = None,
) -> Notice:
    """The mail from a template with these values. Variables without a value are empty."""
    settings = call.settings
    known = {
        **dict.fromkeys(template.required | template.optional, ""),
        "product": settings.product_name,
        "login_url": settings.login_url,
        "name": recipient.name,
        **(values or {}),
    }
    written = find_templates(settings.mail_templates).render(template, recipient.locale, known)
    return Notice(recipient.email, *written, bounced=recipient.bounced)


def find_settled[A: Activation](
    call: Call, kind: type[A], activation_id: str
) -> tuple[A | None, User | None]:
    """An activation and its user, after waiting a little for Cognito to accept the addresses. If
    Cognito refuses them, both are undone, and no mail goes there. If Cognito is down, the mail is
    not delayed further: the link works as soon as Cognito is up.
    """

    def read(*, settled: bool) -> tuple[A | None, User | None]:
        activation = call.table.find(kind, activation_id)
        user = call.table.find(User, activation.user_id) if activation else None
        if activation is None or not activation.exists or (user and not user.exists):
            return None, None
        if settled and user is not None and not user.accepted:
            raise Contended
        return activation, user

    try:
        return retry_contended(lambda: read(settled=True))
    except StillContended:
        return read(settled=False)


def describe_link(call: Call, activation: Activation, page: str) -> Mapping[str, str]:
    """The values for mails about the last link of an activation. The link leads to this page, if
    there is one.
    """
    token = Tokens(call.keys).derive_again(
        activation.id, activation.generation, activation.token_hash
    )
    link = write_link(page, token)
    return {
        "link": link,
        "page": link if page else "",
        "expires": format_date_time(activation.ends_at),
    }


def send_once(call: Call, entry_id: str, notice: Notice) -> None:
    """Send a mail about one journal entry unless it was sent before. Several mails about one entry
    need different suffixes of ``entry_id``. The mark is written after the mail: if the process
    crashes between them, the mail is sent twice instead of never. Raises Unavailable if the mail
    was not sent. The caller can retry. A mail to an address that refused one before is not sent: it
    would not arrive, and SES stops accounts with many bounces.
    """
    if notice.bounced:
        log_call(call.action, outcome="skipped_bounced", request_id=call.request_id)
        return
    mark = Key(f"{Mail.partition}{entry_id}", "MAIL")
    if call.table.get_item(mark) is not None:
        return
    call.mail.send(notice.to, notice.subject, notice.text, notice.html)
    expiry = int((call.now + MARK_KEPT).timestamp())
    call.table.put_once({**mark._asdict(), EXPIRY_ATTRIBUTE: expiry})
