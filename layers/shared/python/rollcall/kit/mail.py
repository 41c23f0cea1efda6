"""Outgoing mail through Amazon SES. Only this module calls it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""One plain address: no name, no list, no characters that could start another header."""


def check_address(address: str) -> str:
    """One plain email address in ASCII. Raises ValueError for anything else."""
    if not (address.isascii() and _ADDRESS.fullmatch(address)):
        raise ValueError("Use one plain email address, such as jane@example.com.")
    return address


def check_sender(sender: str) -> str:
    """A plain address, or one with a name: ``Rollcall <rollcall@example.com>``. An empty sender
    disables mail. Raises ValueError.
    """
    if sender:
        _check_one_line(sender)
        check_address(parseaddr(sender, strict=True)[1])
    return sender


def _check_one_line(value: str) -> str:
    """The value of a header. A line break could add another header."""
    if any(unicodedata.category(each) in {"Cc", "Zl", "Zp"} for each in value):
        raise ValueError("Mail headers cannot contain line breaks or control characters.")
    return value


class Mail:
    """Sends mail from one verified address, with a configuration set of SES if there is one. Sends
    nothing when the deployment has no sender.
    """

    service: ClassVar[str] = "sesv2"
    read_actions: ClassVar[tuple[str, ...]] = ()
    write_actions: ClassVar[tuple[str, ...]] = ("ses:SendEmail",)
    partition: ClassVar[str] = "MAIL#"
    """Items that record sent mail, so that no mail is sent twice."""

    def __init__(
        self, make_client: Callable[[], SESV2Client], sender: str, configuration_set: str = ""
    ) -> None:
        self._make_client = make_client
        self.sender = sender
        self.configuration_set = configuration_set

    def send(self, to: str, subject: str, text: str, html: str = "") -> None:
        """Send one mail as plain text, and as HTML if given. Raises Unavailable when SES did not
        accept it, and ValueError for an invalid recipient or subject.
        """
        check_address(to)
        _check_one_line(subject)
        if not self.sender:
            return
        body: Any = {"Text": _utf8(text), **({"Html": _utf8(html)} if html else {})}
        named: Any = (
            {"ConfigurationSetName": self.configuration_set} if self.configuration_set else {}
        )
        try:
            self._make_client().send_email(
                FromEmailAddress=self.sender,
                Destination={"ToAddresses": [to]},
                Content={"Simple": {"Subject": _utf8(subject), "Body": body}},
                **named,
            )
        except (ClientError, BotoCoreError) as error:
            detail = "The mail service did not accept the mail."
            raise Unavailable("mail_unavailable", detail) from error


def _utf8(text: str) -> Any:
    return {"Data": text, "Charset": "UTF-8"}
