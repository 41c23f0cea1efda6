"""Adoption: users are made for accounts that a user pool had before Rollcall came to it (L3).

An account keeps its name, which becomes the user's id, its password, its sessions and the moment it
was made. Nobody is mailed, and nobody becomes an admin. Each user is one transaction; whoever is
adopted is known to the next run, so that it may be broken off anywhere, and run twice at once.
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
from rollcall.kit.call import Call
from rollcall.kit.entity import Claim
from rollcall.kit.errors import Problem, Unavailable
from rollcall.kit.identity import FoundAccount
from rollcall.kit.model import Model, Time
from rollcall.kit.retry import retry_contended
from rollcall.kit.transaction import Change
from rollcall.users.answers import UserAnswer
from rollcall.users.statuses import Status
from rollcall.users.user import User
from rollcall.users.usernames import suggest_usernames, with_free_username


class Outcome(StrEnum):
    """What becomes of an account, or would."""

    ADOPTED = "adopted"
    KNOWN = "known"
    REFUSED = "refused"


class AdoptionRow(Model):
    """One account of the pool, and what becomes of it, or would."""

    id: str
    outcome: Outcome
    code: str | None = None
    """Why it is refused, or is not in step yet, for programs."""
    detail: str | None = None
    """The same for people."""
    status: Status | None = None
    email: str | None = None
    phone: str | None = None
    username: str | None = None
    """Of an adopted one without: made from the email when the user is."""
    name: str | None = None
    created_at: Time | None = None
    leaves_admins: bool = False
    """Whether it is in the pool's group of admins, from which it is taken."""

    @classmethod
    def about(cls, user: User, **fields: Any) -> AdoptionRow:
        """The row of a user who is made, or would be."""
        names = ("id", "status", "email", "phone", "username", "name", "created_at")
        shown = {name: getattr(user, name) for name in names}
        return cls(outcome=Outcome.ADOPTED, **shown, **fields)


def plan_adoption(call: Call, rules: AdoptionRules) -> Iterator[AdoptionRow]:
    """What would become of each account; nothing is changed."""
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
                yield _refused(account_id, taken[0].refusal)
            else:
                planned |= user.claims()
                yield AdoptionRow.about(user, leaves_admins=account_id in admins)


def adopt_accounts(call: Call, rules: AdoptionRules) -> Iterator[AdoptionRow]:
    """Make the users, one after the other. At this pace, requests stay below half of what Cognito
    lets an AWS account make in a second.
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
    """All accounts, those last whose addresses nobody has confirmed: what two of them hold is given
    to the one who has proved it.
    """
    unproved: list[FoundAccount] = []
    for accounts in batched(call.identity.iterate_accounts(), 30, strict=False):
        proved = tuple(each for each in accounts if all(verified_addresses(each).values()))
        unproved += [each for each in accounts if each not in proved]
        yield proved
    yield from batched(unproved, 30, strict=False)


def _adopt(call: Call, account_id: str, rules: AdoptionRules, **shown: bool) -> AdoptionRow:
    try:
        user = retry_contended(lambda: _make_user(call.part(), account_id, rules))
    except Unavailable:  # so it would be with all others; the next run goes on here
        raise
    except Problem as problem:
        return _refused(account_id, problem)
    if user is None:
        return AdoptionRow(id=account_id, outcome=Outcome.KNOWN)
    try:
        converge_account(call.part(), account_id)
    except Problem as problem:  # the stream tries again, and the reconciliation
        shown_as = {"code": problem.code, "detail": problem.detail, **shown}
        return AdoptionRow.about(user, **shown_as)
    return AdoptionRow.about(user, **shown)


def _make_user(call: Call, account_id: str, rules: AdoptionRules) -> User | None:
    """The user as made; None for one who is there. Lists may lag, so the account is read anew."""
    account = call.identity.find(account_id)
    if account is None or account.id != account_id:
        raise NotAdoptable("account_gone", "The account has just been deleted.")
    if call.table.find(User, account_id) is not None:
        return None
    user = read_account(call, account, rules)

    def write(username: str) -> User:
        named = user.model_copy(update={"username": username})
        call.commit(Change(None, named), answer=UserAnswer.of)
        return named

    return write(user.username) if user.username else with_free_username(_names(call, user), write)


def _names(call: Call, user: User) -> Iterator[str]:
    """Usernames like the address that nobody signs in with, be they adopted already or not."""
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
