"""Scheduled job: whatever is out of step between Cognito and the table is mended (L3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import batched

from rollcall.accounts import converge_account
from rollcall.background import job
from rollcall.kit.call import Call
from rollcall.kit.errors import Problem
from rollcall.kit.identity import Account, FoundAccount
from rollcall.kit.job import Report
from rollcall.kit.log import log_failure
from rollcall.kit.model import format_time
from rollcall.users import LISTED, OUT_OF_STEP, User

GRACE = timedelta(minutes=1)
"""Younger ones are most likely being worked on by their own operation or its reaction."""
MENDED_AT_MOST = 2_000


class Reconciliation(Report):
    """What was found and what was done about it."""

    accounts: int
    mended: int
    failed: int
    orphans: int


@job(every=timedelta(hours=1), writes=[User, Account])
def reconcile_identities(call: Call) -> Reconciliation:
    """Finish what operations and reactions could not, and undo what was changed behind our back.

    Users marked as out of step come first, then every account is held against its user, then every
    user without an account gets one. Accounts that no user has are counted and logged, never
    deleted: they may belong to somebody else.
    """
    due = format_time(call.now - GRACE)
    marked = call.table.query_index("gsi1", OUT_OF_STEP, up_to=due, limit=MENDED_AT_MOST)
    mended, failed = _mend_all(call, [str(item["id"]) for item in marked])
    admins = frozenset(call.identity.iterate_admins())
    seen: set[str] = set()
    orphans = 0
    for accounts in batched(call.identity.iterate_accounts(), 60, strict=False):
        users = _users_of(call, accounts)
        seen.update(account.id for account in accounts)
        orphans += len(accounts) - len(users)
        differing = [
            account.id
            for account in accounts
            if account.id in users and _differs(account, users[account.id], admins)
        ]
        more_mended, more_failed = _mend_all(call, differing)
        mended, failed = mended + more_mended, failed + more_failed
    more_mended, more_failed = _mend_all(call, _users_without(call, seen, due))
    mended, failed = mended + more_mended, failed + more_failed
    return Reconciliation(accounts=len(seen), mended=mended, failed=failed, orphans=orphans)


def _users_without(call: Call, accounts: set[str], due: str) -> Iterator[str]:
    """Users whose account is not among these. The list of accounts may lag, so those that have
    just changed wait for the next run, and each account is looked up again before one is made.
    """
    for partition in LISTED:
        for item in call.table.query_index("gsi2", partition):
            if item["id"] not in accounts and item["updatedAt"] <= due:
                yield str(item["id"])


def _users_of(call: Call, accounts: Iterable[FoundAccount]) -> dict[str, User]:
    items = call.table.get_items([User.key_of(account.id) for account in accounts])
    users = (User.assemble([item]) for item in items.values())
    return {user.id: user for user in users if user is not None}


def _differs(account: FoundAccount, user: User, admins: frozenset[str]) -> bool:
    misplaced = (account.id in admins) != user.is_admin
    return user.erased or misplaced or account.differs_from(user.account())


def _mend_all(call: Call, user_ids: Iterable[str]) -> tuple[int, int]:
    outcomes = list(_mend_each(call, user_ids))
    return outcomes.count(True), outcomes.count(False)


def _mend_each(call: Call, user_ids: Iterable[str]) -> Iterator[bool]:
    for user_id in user_ids:
        try:
            converge_account(call.part(), user_id)
        except Problem as problem:  # one that cannot be mended must not keep the others waiting
            log_failure(call.action, problem, request_id=call.request_id)
            yield False
        else:
            yield True
