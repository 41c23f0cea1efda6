"""Registrations: people who make themselves ordinary users, once an address is theirs (U16)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Self

from rollcall.invitations.activation import Activation
from rollcall.kit.call import Call
from rollcall.kit.model import format_time
from rollcall.users.statuses import Status
from rollcall.users.user import User

LINK_LASTS = timedelta(days=1)
"""How long the link works: whoever has just registered is waiting for the mail, and can register
again at any time."""


UNCONFIRMED = "UNCONFIRMED_REGISTRATIONS"
"""The GSI2 partition of those that wait for their confirmation, by the end of the link."""


class RegistrationStatus(StrEnum):
    """Where a registration stands."""

    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"
    """The address is that of a user already, who is told so by mail, and nobody else."""


class Registration(Activation):
    """What is known of the attempts to register with one address. They are all counted in the same
    way, whether there is such a user or not, so that no answer tells (I3).
    """

    kind: ClassVar[str] = "registration"
    partition: ClassVar[str] = "REGISTRATION#"
    id_prefix: ClassVar[str] = "reg"
    index_partitions: ClassVar[tuple[str, ...]] = (UNCONFIRMED,)

    status: RegistrationStatus = RegistrationStatus.PENDING

    @classmethod
    def attempt(cls, call: Call, user_id: str, email: str, known: Self | None) -> Self:
        """One more attempt, with a link of its own: the only one that counts from now on."""
        held = known or cls(
            id=cls.id_for(user_id),
            created_at=call.now,
            updated_at=call.now,
            user_id=user_id,
            email=email,
            ends_at=call.now,
        )
        pending = held.model_copy(update={"status": RegistrationStatus.PENDING})
        return pending.with_link(call, LINK_LASTS)

    def index(self) -> Mapping[str, str]:
        """Found while it waits."""
        if self.erased or self.status is not RegistrationStatus.PENDING:
            return {}
        return {"gsi2pk": UNCONFIRMED, "gsi2sk": f"{format_time(self.ends_at)}#{self.id}"}

    def waits_for(self, user: User) -> bool:
        """Whether this user has registered so, and only the confirmation is wanting: an unverified
        user whom an admin has made, or made so, is the admin's affair.
        """
        pending = self.status is RegistrationStatus.PENDING
        return pending and user.status is Status.PENDING_VERIFICATION

    def refused(self) -> Self:
        """Refused, because the address is a user's."""
        return self.model_copy(update={"status": RegistrationStatus.REFUSED})

    def as_erased(self) -> Self:
        """Nothing but a tombstone, without the address and the link."""
        return self.model_copy(update={"erased": True, "email": "", "token_hash": ""})

    def verified(self) -> Self:
        """Verified: the address is theirs."""
        return self.model_copy(update={"status": RegistrationStatus.VERIFIED})
