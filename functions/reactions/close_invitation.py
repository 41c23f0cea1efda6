"""Stream reaction: disabled and deleted users neither are invited nor invite (I2, I11, U11)."""

from __future__ import annotations

from functools import partial

from rollcall.access.inviters import find_inviter
from rollcall.access.policy import AccessPolicy
from rollcall.background import stream_reaction
from rollcall.invitations.erasure import erase_links
from rollcall.invitations.invitation import (
    Invitation,
    InvitationStatus,
    listed_as,
    mark_expiry,
)
from rollcall.invitations.registration import Registration
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.idempotency import StoredAnswer, erase_answers
from rollcall.kit.journal import Changed, JournalEntry
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.statuses import Status
from rollcall.users.user import User


@stream_reaction(
    on=[User],
    reads=[User, AccessPolicy, StoredAnswer],
    writes=[Invitation, Registration, StoredAnswer],
)
def close_invitation(entry: JournalEntry, call: Call) -> None:
    """Cancel the invitation of a user who is no longer invited, withdraw the invitations of an
    inviter who lost what they grant, and erase the personal data of a deleted user.

    Their links have already stopped working, because each use of a link checks both; this reaction
    makes lists show it. What it erases is in the invitation, the registration and stored answers.
    """
    change = entry.changes.get("status")
    if change is not None and change.before == Status.INVITED:
        retry_contended(lambda: _close(call, entry.target.id))
    if any(_revokes(fact, each) for fact, each in entry.changes.items()):
        for invitation_id in _find_sent(call, entry.target.id):
            retry_contended(partial(_withdraw, call, invitation_id))
    if entry.changes.get("erased", Changed()).after:
        retry_contended(lambda: erase_links(call, entry.target.id))
        erase_answers(call.table, entry.target.id)


def _revokes(fact: str, change: Changed) -> bool:
    """Whether the user may have lost a permission. The facts of grants have a dot in their name."""
    if fact == "status":
        return bool(change.before == Status.ACTIVE)
    return (fact == "isAdmin" and change.before is True) or (
        "." in fact and change.before is not None
    )


def _find_sent(call: Call, user_id: str) -> list[str]:
    waiting = call.table.query_index(
        "gsi2",
        listed_as(InvitationStatus.PENDING),
        later_than=mark_expiry(call.now),
        holding={"invitedBy": user_id},
    )
    return [str(item["id"]) for item in waiting]


def _withdraw(call: Call, invitation_id: str) -> None:
    invitation = call.table.find(Invitation, invitation_id)
    if invitation is None or invitation.status is not InvitationStatus.PENDING:
        return
    if find_inviter(call, invitation.invited_by, invitation.passed_on) is None:
        call.commit(Change(invitation, invitation.withdrawn()), answer=lambda written: written)


def _close(call: Call, user_id: str) -> None:
    invitation = call.table.find(Invitation, Invitation.id_for(user_id))
    user = call.table.find(User, user_id)
    if invitation is None or invitation.status is not InvitationStatus.PENDING or user is None:
        return
    if user.status is not Status.INVITED:
        call.commit(
            Change(invitation, invitation.cancelled(call.now)),
            answer=lambda written: written,
            requires=[ConditionCheck.unchanged(user)],
        )
