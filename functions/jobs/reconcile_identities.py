"""Scheduled job: repair the accounts of users who are marked as out of sync (L3)."""

from __future__ import annotations

from datetime import timedelta

from rollcall.accounts.position import PassPosition
from rollcall.accounts.reconciliation import ReconciliationSummary
from rollcall.accounts.sweep import Reconciliation, add_reports, continue_pass, sweep_marked
from rollcall.background import job
from rollcall.kit.account import Account, AccountList
from rollcall.kit.call import Call
from rollcall.users.user import User


@job(
    every=timedelta(minutes=15),
    reads=[AccountList],
    writes=[User, Account, ReconciliationSummary, PassPosition],
)
def reconcile_identities(call: Call) -> Reconciliation:
    """Finish changes that operations and reactions could not finish. Then continue the full pass
    of reconcile_all_identities, if one is under way.
    """
    return add_reports(sweep_marked(call), continue_pass(call))
