"""Scheduled job: repair all differences between Cognito and the table (L3)."""

from __future__ import annotations

from rollcall.accounts.position import PassPosition
from rollcall.accounts.reconciliation import ReconciliationSummary
from rollcall.accounts.sweep import Reconciliation, begin_pass
from rollcall.background import job
from rollcall.kit.account import Account, AccountList
from rollcall.kit.call import Call
from rollcall.users.user import User


@job(
    cron_setting="reconciliation_schedule",
    reads=[AccountList],
    writes=[User, Account, ReconciliationSummary, PassPosition],
)
def reconcile_all_identities(call: Call) -> Reconciliation:
    """Begin a full pass over all accounts and users, which undoes changes made directly in Cognito.

    reconcile_identities continues it. Accounts without a user are reported, never deleted: they may
    belong to other applications.
    """
    return begin_pass(call)
