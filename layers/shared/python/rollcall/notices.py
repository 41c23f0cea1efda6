"""Mails that tell a person what was done to the account; each goes out once, if all goes well."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from rollcall.kit.call import Call
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Key
from rollcall.kit.mail import Mail

MARK_KEPT = timedelta(days=8)
"""A day longer than the journal's stream and its dead-letter queue could repeat an entry."""


class Notice(NamedTuple):
    """One mail."""

    to: str
    subject: str
    text: str


def send_once(call: Call, entry_id: str, notice: Notice) -> None:
    """Send a mail about one journal entry unless it was sent before. The mark comes after the
    mail: should the process die between them, the mail goes out twice and not never. Raises
    Unavailable when it could not be sent; then it may be tried again.
    """
    mark = Key(f"{Mail.partition}{entry_id}", "MAIL")
    if call.table.get_item(mark) is not None:
        return
    call.mail.send(*notice)
    expiry = int((call.now + MARK_KEPT).timestamp())
    call.table.put_once({**mark._asdict(), EXPIRY_ATTRIBUTE: expiry})
