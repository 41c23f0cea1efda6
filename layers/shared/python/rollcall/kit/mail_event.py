"""Bounces and complaints of sent mails, which Amazon SES reports through Amazon EventBridge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, Field

from rollcall.kit.call import Call, Runtime
from rollcall.kit.declaration import Declaration
from rollcall.kit.job import make_call
from rollcall.kit.log import log_call, log_failure

type MailFailure = Literal["bounce", "complaint"]

_CATEGORY_AT_MOST = 50
_NO_COMPLAINT = "not-spam"
"""The type of a report that a mail is no spam (RFC 5965 section 7.3)."""


class MailEvent(NamedTuple):
    """An address refused a mail for good, or its owner reported the mail as spam."""

    kind: MailFailure
    category: str
    """SES's bounceSubType, as ``General``, or its complaintFeedbackType, as ``abuse``."""
    at: datetime
    sent_at: datetime
    """When the mail was sent."""
    addresses: tuple[str, ...]
    """The addresses as SES names them, without the names of their owners."""


class _Sent(BaseModel):
    timestamp: datetime
    destination: tuple[str, ...] = ()


class _Addressee(BaseModel):
    address: str = Field(alias="emailAddress")


class _Bounce(BaseModel):
    kind: str = Field(alias="bounceType")
    category: str = Field("", alias="bounceSubType")
    recipients: tuple[_Addressee, ...] = Field((), alias="bouncedRecipients")
    timestamp: datetime


class _Complaint(BaseModel):
    category: str | None = Field(None, alias="complaintFeedbackType")
    recipients: tuple[_Addressee, ...] = Field((), alias="complainedRecipients")
    timestamp: datetime


class _Detail(BaseModel):
    """The event record of SES (Amazon SES developer guide, contents of event data that Amazon SES
    publishes). Texts that the receiving server wrote are not read.
    """

    mail: _Sent
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


def read_mail_event(event: dict[str, Any]) -> MailEvent | None:
    """The event in EventBridge's envelope. None for what does not say that the address is
    unusable: a bounce that is not permanent, or a report that a mail is no spam. Raises
    ``pydantic.ValidationError``.
    """
    detail = _Detail.model_validate(event["detail"])
    if detail.bounce and detail.bounce.kind == "Permanent":
        return _make("bounce", detail.bounce, detail.mail)
    if detail.complaint and detail.complaint.category != _NO_COMPLAINT:
        return _make("complaint", detail.complaint, detail.mail)
    return None


def _make(kind: MailFailure, failure: _Bounce | _Complaint, mail: _Sent) -> MailEvent:
    named = [each.address for each in failure.recipients]
    if len(mail.destination) == 1:
        # A mail that was forwarded fails at another address than the one that it was sent to.
        named += mail.destination
    addresses = dict.fromkeys(parseaddr(each)[1] or each for each in named)
    category = (failure.category or "")[:_CATEGORY_AT_MOST]
    return MailEvent(kind, category, failure.timestamp, mail.timestamp, tuple(addresses))


@dataclass(frozen=True, kw_only=True)
class MailEventReaction(Declaration):
    """Reacts to bounces and complaints of the deployment's mails.

    EventBridge invokes it at least once for each event, in any order. Lambda retries a failed
    event and then sends it to the dead-letter queue, so the function must be idempotent.
    """

    source: ClassVar[str] = "aws.ses"
    detail_types: ClassVar[tuple[str, ...]] = ("Email Bounced", "Email Complaint Received")

    function: Callable[[MailEvent, Call], None]
    connect: Callable[[], Runtime]

    @classmethod
    def event_pattern(cls, configuration_set: str) -> dict[str, Any]:
        """The pattern of EventBridge's rule: the events of mails with this configuration set."""
        return {
            "source": [cls.source],
            "detail-type": list(cls.detail_types),
            "detail": {"mail": {"tags": {"ses:configuration-set": [configuration_set]}}},
        }

    def __call__(self, event: dict[str, Any], context: object) -> None:
        """The Lambda handler."""
        try:
            self.react(event, self.connect())
        except Exception as error:
            log_failure(self.name, error, request_id=str(event.get("id", "")))
            raise

    def react(self, event: dict[str, Any], runtime: Runtime) -> None:
        """React to one event, if it says that an address is unusable."""
        read = read_mail_event(event)
        if read is not None:
            self.function(read, make_call(self.name, runtime))
        outcome = "ok" if read else "ignored"
        log_call(self.name, outcome=outcome, request_id=str(event.get("id", "")))
