"""Invitations: who is asked to become a user, by whom, and what has become of it (I1, I2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field

from rollcall.invitations.activation import Activation, find_by_token
from rollcall.kit.call import Call
from rollcall.kit.errors import Gone
from rollcall.kit.field_types import Id
from rollcall.kit.model import Time, VersionedAnswer, WriteRequest, format_time
from rollcall.users.statuses import Status
from rollcall.users.user import User


class InvitationStatus(StrEnum):
    """Where an invitation stands."""

    PENDING = "pending"
    EXPIRED = "expired"
    """Pending too, but for the clock; nothing is written for it."""
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


ALL_INVITATIONS = "INVITATIONS#"
"""The GSI1 partition that lists all of them, in the order in which people were first invited."""


def listed_as(status: InvitationStatus) -> str:
    """The GSI2 partition that lists those of a status: pending ones by their end, the others by
    when they came to it.
    """
    return f"{ALL_INVITATIONS}{status}"


def mark_end(moment: datetime) -> str:
    """What in the sort keys of pending ones stands between those that have ended by a moment and
    those that have not.
    """
    return f"{format_time(moment)}#~"  # behind every id that may follow the moment


class Invitation(Activation):
    """One person's invitation. It stays when the user is deleted."""

    kind: ClassVar[str] = "invitation"
    partition: ClassVar[str] = "INVITATION#"
    id_prefix: ClassVar[str] = "inv"
    index_partitions: ClassVar[tuple[str, ...]] = (ALL_INVITATIONS,)

    name: str | None = None
    message: str | None = None
    """What the inviter has to say."""
    invited_by: str
    """Who invited, or sent the last link."""
    status: InvitationStatus = InvitationStatus.PENDING
    accepted_at: Time | None = None
    cancelled_at: Time | None = None

    def index(self) -> Mapping[str, str]:
        """Found among all, and among those of its status."""
        if self.erased:
            return {}
        moment = self.ends_at if self.status is InvitationStatus.PENDING else self.updated_at
        return {
            "gsi1pk": ALL_INVITATIONS,
            "gsi1sk": self.id,
            "gsi2pk": listed_as(self.status),
            "gsi2sk": f"{format_time(moment)}#{self.id}",
        }

    def status_at(self, now: datetime) -> InvitationStatus:
        """Where it stands at this moment."""
        if self.status is InvitationStatus.PENDING and self.ends_at <= now:
            return InvitationStatus.EXPIRED
        return self.status

    def renewed(self, call: Call, lasts: timedelta) -> Self:
        """Pending, with a new link from whoever calls, which works for so long."""
        sent = self.model_copy(
            update={
                "status": InvitationStatus.PENDING,
                "invited_by": call.actor.id,
                "cancelled_at": None,
                "accepted_at": None,
            }
        )
        return sent.with_link(call, lasts)

    def accepted(self, now: datetime) -> Self:
        """Accepted."""
        return self.model_copy(update={"status": InvitationStatus.ACCEPTED, "accepted_at": now})

    def cancelled(self, now: datetime) -> Self:
        """Cancelled."""
        return self.model_copy(update={"status": InvitationStatus.CANCELLED, "cancelled_at": now})


_GONE: Mapping[InvitationStatus, str] = {
    InvitationStatus.EXPIRED: "This invitation has ended; ask for a new one.",
    InvitationStatus.ACCEPTED: "This invitation has been accepted already; sign in.",
    InvitationStatus.CANCELLED: "This invitation was withdrawn.",
}


def open_invitation(call: Call, token: str) -> tuple[Invitation, User]:
    """The invitation that a token opens, and whom it is for. Raises NotFound for a token that is
    none, and Gone for one that can be used no more: also when the user was disabled or deleted.
    """
    invitation = find_by_token(call.table, Invitation, token)
    status = invitation.status_at(call.now)
    user = call.table.find(User, invitation.user_id)
    if status is InvitationStatus.PENDING and (user is None or user.status is not Status.INVITED):
        status = InvitationStatus.CANCELLED
    if user is None or status in _GONE:
        raise Gone(f"invitation_{status}", _GONE[status])
    return invitation, user


class ChangeInvitation(WriteRequest):
    """Which invitation is meant."""

    invitation_id: Id


class InvitationAnswer(VersionedAnswer):
    """An invitation as an answer to an admin shows it."""

    id: str
    user_id: Annotated[str, Field(description="The user, who is invited until it is accepted.")]
    email: str
    name: str | None = None
    message: str | None = None
    status: InvitationStatus
    invited_by: Annotated[str, Field(description="Who sent the last link.")]
    links_sent: int
    ends_at: Annotated[Time, Field(description="When the last link stops working.")]
    accepted_at: Time | None = None
    cancelled_at: Time | None = None
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, invitation: Invitation, now: datetime) -> Self:
        """The answer about this invitation at this moment."""
        fields = {name: getattr(invitation, name) for name in Invitation.model_fields}
        shown = {"status": invitation.status_at(now), "links_sent": invitation.generation}
        return cls.model_validate({**fields, **shown})
