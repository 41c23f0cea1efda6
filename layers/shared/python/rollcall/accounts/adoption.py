"""Adoption: users are created for accounts that were in the user pool before Rollcall (L3).

An account keeps its username, which becomes the user's id, its password, its sessions and its
creation time. No mail is sent, and no user becomes an admin. Each user is one transaction, and the
next run knows the adopted users. So a run can be interrupted at any point, and two can run at the
same time.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import batched
from typing import Any

from rollcall.accounts.adoptable import (
    AdoptionRules,
    NotAdoptable,
    read_account,
    verified_addresses,
)
from rollcall.accounts.convergence import converge_account
from rollcall.kit.account import FoundAccount
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim, Taken
from rollcall.kit.errors import Problem, Unavailable
from rollcall.kit.model import Model, Time
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.statuses import Status
from rollcall.users.user import User
from rollcall.users.usernames import suggest_usernames, with_free_username


class Outcome(StrEnum):
    """What happens to an account, or would happen."""

    ADOPTED = "adopted"
    KNOWN = "known"
    REFUSED = "refused"


class AdoptionRow(Model):
    """One account of the pool, and what happens to it, or would happen."""

    id: str
    outcome: Outcome
    code: str | None = None
    """The code of the reason why it is refused or not in sync yet."""
    detail: str | None = None
    """The message of the reason."""
    status: Status | None = None
    email: str | None = None
    phone: str | None = None
    username: str | None = None
    """If the account has none, it is generated from the email when the user is created."""
    name: str | None = None
    created_at: Time | None = None
    leaves_admins: bool = False
    """Whether the account is in the pool's group of admins, from which it is removed."""

    @classmethod
    def about(cls, user: User, **fields: Any) -> AdoptionRow:
        """The row of a user who is created, or would be."""
        names = ("id", "status", "email", "phone", "username", "name", "created_at")
        shown = {name: getattr(user, name) for name in names}
        return cls(outcome=Outcome.ADOPTED, **shown, **fields)


def plan_adoption(call: Call, rules: AdoptionRules) -> Iterator[AdoptionRow]:
    """What would happen to each account. Nothing is changed."""
    admins = frozenset(call.identity.iterate_admins())
    planned: set[Claim] = set()
    for accounts in _in_order(call, rules):
        users = {account.id: _try_to_read(call, account, rules) for account in accounts}
        wanted = [user for user in users.values() if isinstance(user, User)]
        claims = {claim.key: claim for user in wanted for claim in user.claims()}
        keys = [*map(User.key_of, users), *claims]
        found = call.table.get_items(keys)
        planned |= {claim for key, claim in claims.items() if key in found}
        for account_id, user in users.items():
            if User.key_of(account_id) in found:
                yield AdoptionRow(id=account_id, outcome=Outcome.KNOWN)
            elif isinstance(user, Problem):
                yield _refused(account_id, user)
            elif taken := sorted(user.claims() & planned):
                yield _refused(account_id, Taken(taken[0], User))
            else:
                planned |= user.claims()
                yield AdoptionRow.about(user, leaves_admins=account_id in admins)


def adopt_accounts(call: Call, rules: AdoptionRules) -> Iterator[AdoptionRow]:
    """Create the users, one after the other. At this pace, the requests stay below half of the
    quota per second that Cognito has for an AWS account.
    """
    admins = frozenset(call.identity.iterate_admins())
    for accounts in _in_order(call, rules):
        known = call.table.get_items([User.key_of(account.id) for account in accounts])
        for account in accounts:
            if User.key_of(account.id) in known:
                yield AdoptionRow(id=account.id, outcome=Outcome.KNOWN)
            else:
                yield _adopt(call, account.id, rules, leaves_admins=account.id in admins)


def _in_order(call: Call, rules: AdoptionRules) -> Iterator[tuple[FoundAccount, ...]]:
    """All accounts, those with unconfirmed addresses last: if two accounts have the same address,
    the one that has confirmed it gets it.
    """
    unconfirmed: list[FoundAccount] = []
    for accounts in batched(call.identity.iterate_accounts(), 30, strict=False):
        confirmed = tuple(each for each in accounts if all(verified_addresses(each).values()))
        unconfirmed += [each for each in accounts if each not in confirmed]
        yield confirmed
    yield from batched(unconfirmed, 30, strict=False)


def _adopt(call: Call, account_id: str, rules: AdoptionRules, **shown: bool) -> AdoptionRow:
    try:
        user = retry_contended(lambda: _create_user(call.part(), account_id, rules))
    except Unavailable:  # the other accounts would fail too; the next run continues here
        raise
    except Problem as problem:
        return _refused(account_id, problem)
    if user is None:
        return AdoptionRow(id=account_id, outcome=Outcome.KNOWN)
    try:
        converge_account(call.part(), account_id)
    except Problem as problem:  # the reaction and the reconciliation retry
        shown_as = {"code": problem.code, "detail": problem.detail, **shown}
        return AdoptionRow.about(user, **shown_as)
    return AdoptionRow.about(user, **shown)


def _create_user(call: Call, account_id: str, rules: AdoptionRules) -> User | None:
    """The created user; None if the user exists. Lists may lag, so the account is read again."""
    account = call.identity.find(account_id)
    if account is None or account.id != account_id:
        raise NotAdoptable("account_gone", "The account was deleted meanwhile.")
    if call.table.find(User, account_id) is not None:
        return None
    user = read_account(call, account, rules)

    def write(username: str) -> User:
        named = user.model_copy(update={"username": username})
        call.commit(Change(None, named), answer=UserAnswer.of)
        return named

    return write(user.username) if user.username else with_free_username(_names(call, user), write)


def _names(call: Call, user: User) -> Iterator[str]:
    """Usernames from the address that no account signs in with, adopted or not."""
    names = suggest_usernames(user.email or user.phone or "", call.table)
    return (name for name in names if call.identity.find(name) is None)


def _try_to_read(call: Call, account: FoundAccount, rules: AdoptionRules) -> User | Problem:
    try:
        return read_account(call, account, rules)
    except NotAdoptable as problem:
        return problem


def _refused(account_id: str, problem: Problem) -> AdoptionRow:
    return AdoptionRow(
        id=account_id, outcome=Outcome.REFUSED, code=problem.code, detail=problem.detail
    )
