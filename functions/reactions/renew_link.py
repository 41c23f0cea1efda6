"""Stream reaction: links follow the user's email (I21)."""

from __future__ import annotations

from rollcall.background import stream_reaction
from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.call import Call
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.errors import Contended
from rollcall.kit.journal import JournalEntry
from rollcall.kit.retry import retry_contended
from rollcall.kit.tokens import TokenKey
from rollcall.kit.transaction import Change
from rollcall.lifecycle.policy import LifecyclePolicy, read_lifecycle_policy
from rollcall.users.user import User


@stream_reaction(
    on=[User], reads=[User, LifecyclePolicy, TokenKey], writes=[Invitation, Registration]
)
def renew_link(entry: JournalEntry, call: Call) -> None:
    """Replace the open link of a user whose email has changed by one to the present email.

    The former link has already stopped working, because it proves only the address that it was sent
    to. Without an email, the invitation is withdrawn. Both wait until Cognito has accepted the
    change: if Cognito refuses it, the change is undone, and the former link works again.
    """
    if "email" in entry.changes and entry.target.version > 1:
        retry_contended(lambda: _renew_invitation(call, entry.target.id))
        retry_contended(lambda: _renew_registration(call, entry.target.id))


def _renew_invitation(call: Call, user_id: str) -> None:
    user = call.table.find(User, user_id)
    held = call.table.find(Invitation, Invitation.id_for(user_id))
    if user is None or held is None or not held.is_open(user, call.now):
        return
    if held.proves_address_of(user):
        return
    _require_accepted(user)
    valid_for = read_lifecycle_policy(call.table, call.now).invitation_validity
    renewed = held.with_link(call, user.email, valid_for) if user.email else held.withdrawn()
    _commit(call, Change(held, renewed), user)


def _renew_registration(call: Call, user_id: str) -> None:
    user = call.table.find(User, user_id)
    held = call.table.find(Registration, Registration.id_for(user_id))
    if user is None or held is None or user.email is None or not held.is_open(user, call.now):
        return
    if not held.proves_address_of(user):
        _require_accepted(user)
        _commit(call, Change(held, Registration.attempt(call, user_id, user.email, held)), user)


def _require_accepted(user: User) -> None:
    """Raise Contended while Cognito has not accepted the user's email."""
    if not user.accepted:
        raise Contended


def _commit[A: (Invitation, Registration)](call: Call, change: Change[A], user: User) -> None:
    unchanged = [ConditionCheck.unchanged(user)]
    call.commit(change, answer=lambda written: written, requires=unchanged)
