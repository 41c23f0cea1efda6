"""Scheduled job: whatever is out of step between Cognito and the table is mended (L3)."""

from __future__ import annotations

from datetime import timedelta

from rollcall.accounts.reconciliation import ReconciliationSummary
from rollcall.accounts.sweep import Reconciliation, sweep_identities
from rollcall.background import job
from rollcall.kit.call import Call
from rollcall.kit.identity import Account
from rollcall.users.user import User


@job(every=timedelta(hours=1), writes=[User, Account, ReconciliationSummary])
def reconcile_identities(call: Call) -> Reconciliation:
    """Finish what operations and reactions could not, and undo what was changed behind our back.

    Accounts that no user has are reported, never deleted: they may belong to somebody else.
    """
    return sweep_identities(call)
