"""Mails that tell a person what was done to the account; each goes out once, if all goes well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple, Self

from rollcall.invitations.activation import Activation, write_link
from rollcall.kit.call import Call
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Key
from rollcall.kit.mail import Mail
from rollcall.kit.templates import Letter
from rollcall.kit.tokens import Tokens
from rollcall.mails.letters import find_templates, format_moment
from rollcall.users.user import User

MARK_KEPT = timedelta(days=8)
"""A day longer than the journal's stream and its dead-letter queue could repeat an entry."""


class Addressee(NamedTuple):
    """To whom a letter goes, as whom, and in which language (a BCP 47 tag)."""

    email: str
    name: str = ""
    locale: str | None = None

    @classmethod
    def of(cls, user: User) -> Self:
        """A user, by name or username and in the language of the profile; without an email nothing
        can be sent.
        """
        return cls(user.email or "", user.name or user.username or "", user.profile.locale)


class Notice(NamedTuple):
    """One mail."""

    to: str
    subject: str
    text: str
    html: str = ""


def write_notice(
    call: Call, letter: Letter, addressee: Addressee, values: Mapping[str, str] | None = None
) -> Notice:
    """A letter to somebody with these values; what it may name and is not given is empty."""
    settings = call.settings
    known = {
        **dict.fromkeys(letter.needs | letter.may, ""),
        "product": settings.product_name,
        "login_url": settings.login_url,
        "name": addressee.name,
        **(values or {}),
    }
    written = find_templates(settings.mail_templates).write(letter, addressee.locale, known)
    return Notice(addressee.email, *written)


def describe_link(call: Call, activation: Activation, page: str) -> Mapping[str, str]:
    """What letters say of the last link of an activation, which leads to this page if there is one,
    and of its end.
    """
    link = write_link(page, Tokens(call.table).derive(activation.id, activation.generation))
    return {
        "link": link,
        "page": link if page else "",
        "expires": format_moment(activation.ends_at),
    }


def send_once(call: Call, entry_id: str, notice: Notice) -> None:
    """Send a mail about one journal entry unless it was sent before; of several about one entry
    each has an ``entry_id`` with more behind it. The mark comes after the mail: should the process
    die between them, the mail goes out twice and not never. Raises Unavailable when it could not
    be sent; then it may be tried again.
    """
    mark = Key(f"{Mail.partition}{entry_id}", "MAIL")
    if call.table.get_item(mark) is not None:
        return
    call.mail.send(*notice)
    expiry = int((call.now + MARK_KEPT).timestamp())
    call.table.put_once({**mark._asdict(), EXPIRY_ATTRIBUTE: expiry})
