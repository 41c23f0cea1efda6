"""One call of an operation, job or reaction, with access to clients, clock and ids."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rollcall.kit.actor import Actor, system_actor
from rollcall.kit.condition_check import ConditionCheck
from rollcall.kit.entity import Counter, Entity, Key
from rollcall.kit.errors import Contended
from rollcall.kit.idempotency import Idempotency
from rollcall.kit.identity import Identity
from rollcall.kit.journal import WRITTEN_WITHIN
from rollcall.kit.mail import Mail
from rollcall.kit.model import Model
from rollcall.kit.objects import Objects
from rollcall.kit.preconditions import UNCONDITIONAL, Preconditions
from rollcall.kit.settings import Settings
from rollcall.kit.step_up import require_fresh_sign_in
from rollcall.kit.table import Table
from rollcall.kit.transaction import Change, Origin, Transaction, find_effective

TAKE_BACK = "take_back"
"""The actor id in the journal when a call reverts what it has committed."""


@dataclass(frozen=True)
class Runtime:
    """The clients, clock and id generator that calls share; created once per process."""

    table: Table
    keys: Table
    """The table of the signing keys."""
    identity: Identity
    mail: Mail
    objects: Objects
    settings: Settings
    clock: Callable[[], datetime]
    new_id: Callable[[str, datetime], str]


@dataclass(frozen=True)
class Call:
    """One call: the actor, the time, the preconditions and the clients."""

    runtime: Runtime
    actor: Actor
    now: datetime
    action: str
    request_id: str
    reason: str | None = None
    preconditions: Preconditions = UNCONDITIONAL
    """The entity tags of ``If-Match`` and ``If-None-Match``."""
    idempotency: Idempotency | None = None
    reauthorize: Callable[[], Actor] | None = None
    """Reads the caller and its permissions again; None: the call has no caller."""
    committed: list[Change[Any]] = field(default_factory=list)
    """The changes that this call has written."""

    @property
    def table(self) -> Table:
        """The table."""
        return self.runtime.table

    @property
    def keys(self) -> Table:
        """The table of the signing keys."""
        return self.runtime.keys

    @property
    def identity(self) -> Identity:
        """The identity provider."""
        return self.runtime.identity

    @property
    def mail(self) -> Mail:
        """Outgoing mail."""
        return self.runtime.mail

    @property
    def objects(self) -> Objects:
        """Stored files."""
        return self.runtime.objects

    @property
    def settings(self) -> Settings:
        """The settings of the deployment."""
        return self.runtime.settings

    def new_id(self, prefix: str) -> str:
        """A new id of this kind, as ``usr_…``."""
        return self.runtime.new_id(prefix, self.now)

    def as_user(self, user_id: str) -> Call:
        """This call with a user as the actor who has authenticated without an access token, for
        example by a mailed token. The actor has no permissions.
        """
        address, agent = self.actor.ip_address, self.actor.user_agent
        actor = Actor(kind="user", id=user_id, ip_address=address, user_agent=agent)
        return replace(self, actor=actor, reauthorize=None)

    def require_fresh_sign_in(self) -> None:
        """Raise SignInInsufficient (401) if the caller's sign-in is not recent. An operation that
        calls this declares the case as ``fresh_sign_in``.
        """
        require_fresh_sign_in(self.actor, self.settings, self.now)

    def commit[E: Entity, A: Model](
        self,
        change: Change[E],
        *others: Change[Any],
        answer: Callable[[E], A],
        requires: Sequence[ConditionCheck] = (),
    ) -> A:
        """Write the changes in one transaction and return the answer about the first one.

        Raises Stale when the first one does not meet ``If-Match`` or ``If-None-Match``, and the
        Problem of a condition that failed. Raises Contended, upon which the operation runs again,
        when another writer came first or the call began longer ago than WRITTEN_WITHIN, and
        NewerData when a newer version of the code has written one of the entities. A change that
        has no effect is not written and creates no version.
        """
        self.check_version(change.before)
        transaction = Transaction(self.table, self.actor, self._origin(), requires)
        effective = find_effective((change, *others))
        written = [Change(each.before, transaction.add_change(each)) for each in effective]
        result = answer(written[0].after if change in effective else change.after)
        if not effective and self.idempotency is None:
            return result
        transaction.add_counts(effective)
        transaction.add_requirements()
        self._remember(transaction, result, change.after.person)
        transaction.add_witnesses()
        transaction.send()
        self.committed.extend(written)
        return result

    def take_back(self, *changes: Change[Any], requires: Sequence[ConditionCheck] = ()) -> None:
        """Revert changes of this call that another service rejected, and delete its idempotency
        row. The journal names the system as the actor, because the caller did not request this.
        """
        transaction = Transaction(self.table, system_actor(TAKE_BACK), self._origin(), requires)
        effective = find_effective(changes)
        for change in effective:
            transaction.add_change(change)
        if effective:
            transaction.add_counts(effective)
            transaction.add_requirements()
        if self.idempotency is not None:
            transaction.remove_item(self.idempotency.key)
        transaction.send()

    def remember(self, answer: Model) -> None:
        """Store the answer of work that was committed in parts, to return it when the same call is
        sent again. Such an answer holds only ids and results, no personal data.
        """
        if self.idempotency is not None:
            transaction = Transaction(self.table, self.actor, self._origin())
            self._remember(transaction, answer, None)
            transaction.send()

    def part(self) -> Call:
        """This call for one part of work that is committed in parts, with the current time. The
        Idempotency-Key and the preconditions apply to the whole call only. The caller's permissions
        are read again, because they can have changed since the call began; raises Unauthenticated
        or Forbidden when they were revoked.
        """
        actor = self.reauthorize() if self.reauthorize else self.actor
        now = self.runtime.clock()
        return replace(self.unconditional(), actor=actor, now=now, idempotency=None)

    def unconditional(self) -> Call:
        """This call without preconditions, after these have been checked."""
        return replace(self, preconditions=UNCONDITIONAL)

    def remove_rows(self, rows: Mapping[Key, Mapping[Counter, int]]) -> None:
        """Delete rows that belong to a tombstone, and subtract what each adds to counters. Raises
        Contended when one no longer exists.
        """
        transaction = Transaction(self.table, self.actor, self._origin())
        deltas: Tally[Counter] = Tally()
        for key, counts in rows.items():
            transaction.remove_item(key, "attribute_exists(pk)")
            deltas.subtract(counts)
        transaction.adjust_counts(deltas)
        transaction.send()

    def check_version(self, entity: Entity | None) -> None:
        """Raise Stale (412) when the current version does not meet the preconditions."""
        self.preconditions.check(entity)

    def _remember(self, transaction: Transaction, result: Model, person: str | None) -> None:
        if self.idempotency is None:
            return
        answer_json = result.model_dump_json(by_alias=True, exclude_none=True)
        condition, values = self.idempotency.condition(self.now)
        row, *others = self.idempotency.items(answer_json, person, self.now)
        transaction.add_item(row, condition, values)
        for each in others:
            transaction.add_item(each)
        if self.idempotency.new_secret:
            # If another call has stored a secret first, this one runs again with it.
            transaction.add_item(self.idempotency.new_secret, "attribute_not_exists(pk)")

    def _origin(self) -> Origin:
        # For example, when the machine was suspended. The next attempt uses the current time.
        if self.runtime.clock() - self.now > WRITTEN_WITHIN:
            raise Contended
        return Origin(self.action, self.request_id, self.reason, self.now)
