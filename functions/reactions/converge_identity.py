"""Stream reaction: Cognito follows the table (I1, I2)."""

from __future__ import annotations

from rollcall.accounts.convergence import converge_account
from rollcall.background import stream_reaction
from rollcall.kit.account import Account
from rollcall.kit.call import Call
from rollcall.kit.journal import JournalEntry
from rollcall.users.user import User


@stream_reaction(on=[User], writes=[User, Account])
def converge_identity(entry: JournalEntry, call: Call) -> None:
    """Synchronize a changed user's account with the table.

    Usually the operation has already done so, or there is nothing to do. This reaction finishes the
    work after a crash, or when the identity provider was down.
    """
    user = call.table.find(User, entry.target.id)
    if user is None or user.erased or not user.in_step:
        converge_account(call, entry.target.id)
