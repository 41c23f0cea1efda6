"""Erasure of the personal data in a user's invitation and registration (U11)."""

from __future__ import annotations

from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.call import Call
from rollcall.kit.transaction import Change


def erase_links(call: Call, user_id: str) -> None:
    """Erase the personal data in the invitation and the registration of a permanently deleted user
    (idempotent). Raises Contended when one of them has changed meanwhile.
    """
    invitation = call.table.find(Invitation, Invitation.id_for(user_id))
    if invitation is not None and not invitation.anonymized_at:
        _commit(call, Change(invitation, invitation.anonymized(call.now)))
    registration = call.table.find(Registration, Registration.id_for(user_id))
    if registration is not None and registration.exists:
        _commit(call, Change(registration, registration.as_erased()))


def _commit[A: (Invitation, Registration)](call: Call, change: Change[A]) -> None:
    call.commit(change, answer=lambda written: written)
