"""Outgoing mail through Amazon SES. Only this module calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from botocore.exceptions import BotoCoreError, ClientError

from rollcall.kit.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


class Mail:
    """Sends from one verified address; sends nothing when the deployment names none."""

    service: ClassVar[str] = "sesv2"
    read_actions: ClassVar[tuple[str, ...]] = ()
    write_actions: ClassVar[tuple[str, ...]] = ("ses:SendEmail",)
    partition: ClassVar[str] = "MAIL#"
    """Marks of what has been sent, so that no mail goes out twice."""

    def __init__(self, make_client: Callable[[], SESV2Client], sender: str) -> None:
        self._make_client = make_client
        self.sender = sender

    def send(self, to: str, subject: str, text: str) -> None:
        """Send one plain-text mail. Raises Unavailable when SES did not take it."""
        if not self.sender:
            return
        try:
            self._make_client().send_email(
                FromEmailAddress=self.sender,
                Destination={"ToAddresses": [to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": subject, "Charset": "UTF-8"},
                        "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
                    }
                },
            )
        except (ClientError, BotoCoreError) as error:
            detail = "The mail service did not take the mail."
            raise Unavailable("mail_unavailable", detail) from error
