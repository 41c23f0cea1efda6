"""Registrations: people become ordinary users after they have confirmed their address (U16)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Self

from rollcall.invitations.activation import Activation
from rollcall.kit.call import Call
from rollcall.kit.model import format_time
from rollcall.users.statuses import Status
from rollcall.users.user import User

LINK_VALID_FOR = timedelta(days=1)
"""After how long the link expires. A person who has just registered waits for the mail, and can
register again at any time."""

UNCONFIRMED = "UNCONFIRMED_REGISTRATIONS"
"""The GSI2 partition of the pending registrations, sorted by the expiry of the link."""


class RegistrationStatus(StrEnum):
    """The status of a registration."""

    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"
    """The address already belongs to a user. Only that user is notified, by mail."""


class Registration(Activation):
    """The attempts to register with one address. They are counted in the same way whether the
    address has a user or not, so that no answer reveals it (I3).
    """

    kind: ClassVar[str] = "registration"
    partition: ClassVar[str] = "REGISTRATION#"
    id_prefix: ClassVar[str] = "reg"
    index_partitions: ClassVar[tuple[str, ...]] = (UNCONFIRMED,)

    status: RegistrationStatus = RegistrationStatus.PENDING

    @classmethod
    def attempt(cls, call: Call, user_id: str, email: str, known: Self | None) -> Self:
        """One more attempt, with a new link, which is the only valid one from now on."""
        held = known or cls(
            id=cls.id_for(user_id),
            created_at=call.now,
            updated_at=call.now,
            user_id=user_id,
            email=email,
            ends_at=call.now,
        )
        pending = held.model_copy(update={"status": RegistrationStatus.PENDING})
        return pending.with_link(call, email, LINK_VALID_FOR)

    def index(self) -> Mapping[str, str]:
        """Listed while it is pending."""
        if self.erased or self.status is not RegistrationStatus.PENDING:
            return {}
        return {"gsi2pk": UNCONFIRMED, "gsi2sk": f"{format_time(self.ends_at)}#{self.id}"}

    def is_open(self, user: User, now: datetime) -> bool:
        """Whether the registration can be confirmed, to whichever address its link was sent."""
        return now < self.ends_at and self.waits_for(user)

    def waits_for(self, user: User) -> bool:
        """Whether the user is waiting only for the confirmation of this registration. False for a
        user whom an admin has set to unverified.
        """
        pending = self.status is RegistrationStatus.PENDING
        return pending and user.status is Status.PENDING_VERIFICATION

    def refused(self) -> Self:
        """The registration as refused, because the address belongs to a user."""
        return self.model_copy(update={"status": RegistrationStatus.REFUSED})

    def as_erased(self) -> Self:
        """A tombstone, without the address and the link."""
        return self.model_copy(update={"erased": True, "email": "", "token_hash": ""})

    def verified(self) -> Self:
        """The registration as verified: the person has confirmed the address."""
        return self.model_copy(update={"status": RegistrationStatus.VERIFIED})
