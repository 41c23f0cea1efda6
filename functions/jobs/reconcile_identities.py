"""Scheduled job: repair differences between Cognito and the table (L3)."""

from __future__ import annotations

from datetime import timedelta

from rollcall.accounts.reconciliation import ReconciliationSummary
from rollcall.accounts.sweep import Reconciliation, sweep_identities
from rollcall.background import job
from rollcall.kit.account import Account, AccountList
from rollcall.kit.call import Call
from rollcall.users.user import User


@job(every=timedelta(hours=1), reads=[AccountList], writes=[User, Account, ReconciliationSummary])
def reconcile_identities(call: Call) -> Reconciliation:
    """Finish changes that operations and reactions could not finish, and undo changes made directly
    in Cognito.

    Accounts without a user are reported, never deleted: they may belong to other applications.
    """
    return sweep_identities(call)
