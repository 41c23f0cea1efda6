"""Invitations to become a user: the invited person, the inviter and the result (I1, I2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.grants.permissions import GrantedPermission
from rollcall.invitations.activation import ADDRESS_CHANGED, Activation, find_by_token
from rollcall.kit.call import Call
from rollcall.kit.choices import Choice
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Item, tombstone_expiry
from rollcall.kit.errors import Gone
from rollcall.kit.field_types import Id
from rollcall.kit.model import Time, VersionedAnswer, WriteRequest, format_time
from rollcall.users.statuses import Status
from rollcall.users.user import User


class InvitationStatus(Choice):
    """The status of an invitation."""

    PENDING = "pending"
    EXPIRED = "expired"
    """Stored as pending, but its link has expired."""
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    """The link does not work any more, but the user is still invited: the inviter has lost the
    permission to grant what the invitation grants, or the user has no email any more. An admin can
    resend the invitation."""


ALL_INVITATIONS = "INVITATIONS#"
"""The GSI1 partition that lists all invitations, sorted by the time of the first one."""


def listed_as(status: InvitationStatus) -> str:
    """The GSI2 partition that lists the invitations of a status: pending ones by their expiry, the
    others by the time of the status.
    """
    return f"{ALL_INVITATIONS}{status}"


def mark_expiry(time: datetime) -> str:
    """The sort key between the pending invitations that have expired by then and the others."""
    return f"{format_time(time)}#~"  # sorts after every id that can follow the time


class Invitation(Activation):
    """The invitation of one person. When the user is permanently deleted, it remains for 30 days
    without personal data, so that the list of invitations shows what happened to it.
    """

    kind: ClassVar[str] = "invitation"
    partition: ClassVar[str] = "INVITATION#"
    id_prefix: ClassVar[str] = "inv"
    index_partitions: ClassVar[tuple[str, ...]] = (ALL_INVITATIONS,)

    name: str | None = None
    message: str | None = None
    """The message of the inviter."""
    invited_by: str
    """The user who sent the last link."""
    passed_on: tuple[GrantedPermission, ...] = ()
    """What that user granted. The invitation grants it only while that user holds it."""
    status: InvitationStatus = InvitationStatus.PENDING
    accepted_at: Time | None = None
    cancelled_at: Time | None = None
    anonymized_at: Time | None = None
    """When the personal data was erased with the user."""

    @property
    def emptied(self) -> bool:
        """Also without personal data."""
        return self.erased or self.anonymized_at is not None

    def item(self) -> Item:
        """The invitation as stored. It expires after the personal data was erased."""
        item = super().item()
        if self.anonymized_at:
            item[EXPIRY_ATTRIBUTE] = tombstone_expiry(self.anonymized_at)
        return item

    def index(self) -> Mapping[str, str]:
        """Listed with all invitations, and with those of its status."""
        if self.erased:
            return {}
        time = self.ends_at if self.status is InvitationStatus.PENDING else self.updated_at
        return {
            "gsi1pk": ALL_INVITATIONS,
            "gsi1sk": self.id,
            "gsi2pk": listed_as(self.status),
            "gsi2sk": f"{format_time(time)}#{self.id}",
        }

    def status_at(self, now: datetime) -> InvitationStatus:
        """The status at this time."""
        if self.status is InvitationStatus.PENDING and self.ends_at <= now:
            return InvitationStatus.EXPIRED
        return self.status

    def is_open(self, user: User, now: datetime) -> bool:
        """Whether the invitation waits for the user, to whichever address its link was sent."""
        pending = self.status_at(now) is InvitationStatus.PENDING
        return pending and user.status is Status.INVITED

    def renewed(
        self,
        call: Call,
        email: str,
        valid_for: timedelta,
        passed_on: tuple[GrantedPermission, ...] = (),
    ) -> Self:
        """The invitation pending, with a new link from the caller to this address. ``passed_on`` is
        what the caller grants.
        """
        sent = self.model_copy(
            update={
                "status": InvitationStatus.PENDING,
                "invited_by": call.actor.id,
                "passed_on": passed_on,
                "cancelled_at": None,
                "accepted_at": None,
            }
        )
        return sent.with_link(call, email, valid_for)

    def accepted(self, now: datetime) -> Self:
        """The invitation as accepted."""
        return self.model_copy(update={"status": InvitationStatus.ACCEPTED, "accepted_at": now})

    def cancelled(self, now: datetime) -> Self:
        """The invitation as cancelled."""
        return self.model_copy(update={"status": InvitationStatus.CANCELLED, "cancelled_at": now})

    def anonymized(self, now: datetime) -> Self:
        """The invitation without personal data, and cancelled unless it was accepted."""
        accepted = self.status is InvitationStatus.ACCEPTED
        ended = self if accepted or self.cancelled_at else self.cancelled(now)
        without = {"email": "", "name": None, "message": None, "anonymized_at": now}
        return ended.model_copy(update=without)

    def withdrawn(self) -> Self:
        """The invitation withdrawn, until an admin resends it."""
        return self.model_copy(update={"status": InvitationStatus.WITHDRAWN})


_GONE: Mapping[InvitationStatus, str] = {
    InvitationStatus.EXPIRED: "This invitation has expired. Ask for a new one.",
    InvitationStatus.ACCEPTED: "This invitation was already accepted. Sign in.",
    InvitationStatus.CANCELLED: "This invitation was cancelled.",
    InvitationStatus.WITHDRAWN: "This invitation was withdrawn. Ask for a new one.",
}


def open_invitation(call: Call, token: str) -> tuple[Invitation, User]:
    """The invitation of a token, and its user. Raises NotFound for an invalid token, and Gone for
    one that cannot be used any more, also because the user was disabled or deleted. The caller
    checks the inviter.
    """
    invitation = find_by_token(call.table, Invitation, token)
    status = invitation.status_at(call.now)
    user = call.table.find(User, invitation.user_id)
    if status is InvitationStatus.PENDING and (user is None or user.status is not Status.INVITED):
        status = InvitationStatus.CANCELLED
    if user is None or status in _GONE:
        raise Gone(f"invitation_{status}", _GONE[status])
    if not invitation.proves_address_of(user):
        raise Gone("address_changed", ADDRESS_CHANGED)
    return invitation, user


def refuse_withdrawn() -> Gone:
    """The error for an invitation whose inviter does not hold what it grants any more."""
    status = InvitationStatus.WITHDRAWN
    return Gone(f"invitation_{status}", _GONE[status])


class ChangeInvitation(WriteRequest):
    """The request of an operation on one invitation."""

    invitation_id: Id


class InvitationAnswer(VersionedAnswer):
    """An invitation as answers to admins show it."""

    id: str
    user_id: Annotated[
        str,
        Field(description="The user. The status is invited until the user accepts."),
    ]
    email: Annotated[
        str | None,
        Field(description="Absent after the user was permanently deleted, as name and message."),
    ] = None
    name: str | None = None
    message: str | None = None
    status: InvitationStatus
    invited_by: Annotated[str, Field(description="The user who sent the last link.")]
    links_sent: int
    ends_at: Annotated[Time, Field(description="When the last link expires.")]
    accepted_at: Time | None = None
    cancelled_at: Time | None = None
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, invitation: Invitation, now: datetime) -> Self:
        """The answer for an invitation at this time."""
        fields = {name: getattr(invitation, name) for name in Invitation.model_fields}
        shown = {
            "email": invitation.email or None,
            "status": invitation.status_at(now),
            "links_sent": invitation.generation,
        }
        return cls.model_validate({**fields, **shown})

    def unversioned(self) -> Mapping[str, object]:
        """Whether the link has expired."""
        return {"expired": self.status is InvitationStatus.EXPIRED}
