"""The only way to change an entity: state, claims, counters, journal entry, the actor's witnesses
and the idempotency row in one DynamoDB transaction (A1, I4-I9).

Each action is stored with the error for a failed condition, so that a cancelled transaction
becomes one clear error, or a retry after a concurrent write.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rollcall.kit.actor import Actor
from rollcall.kit.attribute_values import to_attributes
from rollcall.kit.condition_check import ConditionCheck, as_witnessed
from rollcall.kit.counter_update import CounterUpdate
from rollcall.kit.entity import Counter, Entity, Item, Key, Row, Taken
from rollcall.kit.errors import Contended, Invalid, Problem
from rollcall.kit.ids import new_id
from rollcall.kit.journal import ActorRecord, JournalEntry, TargetRecord, compare_facts
from rollcall.kit.model import camel_case
from rollcall.kit.table import Table, TransactionRefused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MAX_ACTIONS = 100
"""DynamoDB's limit on one transaction (TransactWriteItems, service quotas)."""


@dataclass(frozen=True)
class Change[E: Entity]:
    """The change of one entity from ``before`` (None: it is new) to ``after``."""

    before: E | None
    after: E
    lost: bool = False
    """Whether ``before`` is no longer stored, although no change has deleted it. Its item, claims
    and rows are written again; counters include it already. Only a restore does this."""

    @property
    def stored(self) -> E | None:
        """What the table has before the change."""
        return None if self.lost else self.before


class Origin(NamedTuple):
    """What all journal entries of one call have in common."""

    action: str
    request_id: str
    reason: str | None
    now: datetime


_TRANSIENT = frozenset(
    ("None", "ConditionalCheckFailed", "TransactionConflict", "ThrottlingError")
    + ("ProvisionedThroughputExceeded",)
)
"""Cancellation reasons that are expected or transient. Any other would occur at each retry."""


@dataclass
class _Action:
    """One action of the transaction, and the error if its condition fails."""

    write: TransactWriteItemTypeDef
    refusal: Problem | Contended = field(default_factory=Contended)


class Transaction:
    """Collects the actions of one commit and sends them together."""

    def __init__(
        self, table: Table, actor: Actor, origin: Origin, requires: Iterable[ConditionCheck] = ()
    ) -> None:
        self._table = table
        self._actor = actor
        self._origin = origin
        self._required = {each.key: each.with_witness(actor) for each in requires}
        self._actions: list[_Action] = []
        self._touched: set[Key] = set()

    def add_change[E: Entity](self, change: Change[E]) -> E:
        """Write the next version of an entity with claims, rows and journal entry; return it."""
        before, after = change.before, change.after.succeed(change.before, self._origin.now)
        self._put_entity(change, after)
        self._move_claims(change, after)
        self._replace_rows(change.stored, after)
        self._record(before, after)
        return after

    def add_counts(self, changes: Iterable[Change[Any]]) -> None:
        """Update each counter once, by the sum of all changes."""
        deltas: Tally[Counter] = Tally()
        for change in changes:
            deltas.update(change.after.counts())
            deltas.subtract(change.before.counts() if change.before else {})
        self.adjust_counts(deltas)

    def adjust_counts(self, deltas: Mapping[Counter, int]) -> None:
        """Add to counters; counters on the same item are one action."""
        by_key: dict[Key, dict[Counter, int]] = defaultdict(dict)
        for counter, delta in deltas.items():
            if delta:
                by_key[counter.key][counter] = delta
        for key, adjusted in by_key.items():
            self._adjust(key, adjusted)

    def add_requirements(self) -> None:
        """Add the condition checks of items that no other action changes."""
        for required in self._required.values():
            self._check(required.key, required.condition, dict(required.values), required.refusal)

    def add_witnesses(self) -> None:
        """Check at commit that the items behind the authorization are unchanged (I9)."""
        for key, version in self._actor.witnesses.items():
            self._check(key, *as_witnessed(version))

    def add_item(
        self, item: Item, condition: str | None = None, values: Item | None = None
    ) -> None:
        """Write an item that is not part of an entity, such as the idempotency row."""
        self._put(item, condition, values or {})

    def remove_item(self, key: Key, condition: str | None = None) -> None:
        """Delete an item that is not part of an entity."""
        self._delete(key, condition, {})

    def send(self) -> None:
        """Commit. Raises the error of the first failed condition, or Contended. Without actions it
        does nothing.
        """
        if not self._actions:
            return
        if len(self._actions) > MAX_ACTIONS:
            detail = f"One request can change at most {MAX_ACTIONS} items. Send fewer items."
            raise Invalid("too_many_items", detail)
        try:
            self._table.transact([action.write for action in self._actions])
        except TransactionRefused as refused:
            raise self._explain(refused.reasons) from None

    def _explain(self, reasons: Sequence[str]) -> Exception:
        failed = [
            action.refusal
            for action, reason in zip(self._actions, reasons, strict=False)
            if reason == "ConditionalCheckFailed"
        ]
        if set(reasons) - _TRANSIENT:
            return TransactionRefused(list(reasons))
        # After a concurrent write the other errors can be wrong: read again and retry.
        if not failed or any(isinstance(refusal, Contended) for refusal in failed):
            return Contended()
        return failed[0]

    def _put_entity(self, change: Change[Any], after: Entity) -> None:
        before = change.before
        if before is None:
            self._put(after.item(), "attribute_not_exists(pk)", {})
            return
        if change.lost:  # what is left of it can be damaged
            older = "attribute_not_exists(version) OR version < :version"
            self._put(after.item(), older, {":version": after.version})
            return
        witnessed = self._actor.witnesses.get(before.key(), before.version)
        if witnessed != before.version:
            raise Contended
        self._put(after.item(), *_unchanged(before))

    def _move_claims(self, change: Change[Any], after: Entity) -> None:
        held = change.stored.claims() if change.stored else frozenset()
        owned, owner = "attribute_not_exists(pk) OR #owner = :owner", {":owner": after.id}
        for claim in sorted(after.claims() - held):
            item = {**claim.key._asdict(), "owner": after.id}
            free = (owned, owner) if change.lost else ("attribute_not_exists(pk)", {})
            self._put(item, *free, refusal=Taken(claim, type(after)))
        for claim in sorted(held - after.claims()):
            # It is absent if it was stored under another key, before its value was compared so.
            self._delete(claim.key, owned, owner)

    def _replace_rows(self, before: Entity | None, after: Entity) -> None:
        held = _rows_by_key(before)
        wanted = _rows_by_key(after)
        for key, row in wanted.items():
            if held.get(key) != row:
                self._put(row.item(), None, {})
        for key in held.keys() - wanted.keys():
            self._delete(key, None, {})

    def _record(self, before: Entity | None, after: Entity) -> None:
        entry = JournalEntry(
            id=new_id(JournalEntry.id_prefix, self._origin.now),
            at=self._origin.now,
            action=self._origin.action,
            actor=ActorRecord(
                kind=self._actor.kind,
                id=self._actor.id,
                ip_address=self._actor.ip_address or None,
                user_agent=self._actor.user_agent or None,
            ),
            target=TargetRecord(kind=after.kind, id=after.id, version=after.version),
            changes=compare_facts(before.facts() if before else {}, after.facts()),
            reason=self._origin.reason,
            request_id=self._origin.request_id,
            touches=tuple(sorted(after.touches(before))),
        )
        self._put(entry.item(), "attribute_not_exists(pk)", {})

    def _adjust(self, key: Key, adjusted: Mapping[Counter, int]) -> None:
        update = CounterUpdate.of(adjusted)
        if required := self._required.pop(key, None):
            update.require(required)
        self._touched.add(key)
        subject = {"Key": to_attributes(key._asdict()), **update.expression()}
        self._append("Update", subject, update.condition, update.values, update.refusal)

    def _put(
        self,
        item: Mapping[str, Any],
        condition: str | None,
        values: dict[str, Any],
        refusal: Problem | None = None,
    ) -> None:
        self._touched.add(Key(item["pk"], item["sk"]))
        self._append("Put", {"Item": to_attributes(dict(item))}, condition, values, refusal)

    def _delete(self, key: Key, condition: str | None, values: dict[str, Any]) -> None:
        self._touched.add(key)
        self._append("Delete", {"Key": to_attributes(key._asdict())}, condition, values, None)

    def _check(
        self, key: Key, condition: str, values: dict[str, Any], refusal: Problem | None = None
    ) -> None:
        # DynamoDB allows one action per item; a change of the item has its own condition.
        if key in self._touched:
            return
        self._touched.add(key)
        subject = {"Key": to_attributes(key._asdict())}
        self._append("ConditionCheck", subject, condition, values, refusal)

    def _append(
        self,
        verb: str,
        subject: dict[str, Any],
        condition: str | None,
        values: dict[str, Any],
        refusal: Problem | None,
    ) -> None:
        body: dict[str, Any] = {"TableName": self._table.name, **subject}
        if condition:
            body["ConditionExpression"] = condition
            if "#owner" in condition:
                body["ExpressionAttributeNames"] = {"#owner": "owner"}
        if values:
            body["ExpressionAttributeValues"] = to_attributes(values)
        write: Any = {verb: body}
        self._actions.append(_Action(write, refusal or Contended()))


def _unchanged(entity: Entity) -> tuple[str, dict[str, Any]]:
    """The condition that an entity is stored as it was read. It includes bookkeeping fields, which
    change without a new version and would be overwritten.
    """
    stored = entity.item()
    conditions, values = ["version = :version"], {":version": entity.version}
    names = [name for name in entity.unversioned_fields if name not in entity.row_fields]
    for number, name in enumerate(map(camel_case, names)):
        if name in stored:
            conditions.append(f"{name} = :u{number}")
            values[f":u{number}"] = stored[name]
        else:
            conditions.append(f"attribute_not_exists({name})")
    return " AND ".join(conditions), values


def _rows_by_key(entity: Entity | None) -> dict[Key, Row]:
    return {row.key(): row for row in entity.rows()} if entity else {}


def is_effective(change: Change[Any]) -> bool:
    """Whether the change creates a new version: it is not stored, or its facts differ."""
    return change.stored is None or change.stored.facts() != change.after.facts()
