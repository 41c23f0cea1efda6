"""What a restore reads from a backup: the kinds of entities in their order, and whole tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import batched

from pydantic import ValidationError

from rollcall.access.policy import AccessPolicy
from rollcall.accounts.reconciliation import ReconciliationSummary
from rollcall.directory.export import Export
from rollcall.directory.segment import Segment
from rollcall.grants.grant import USER_PARTITION
from rollcall.grants.group import Group
from rollcall.grants.organization import Organization
from rollcall.grants.role import Role
from rollcall.invitations.invitation import Invitation
from rollcall.invitations.registration import Registration
from rollcall.kit.attribute_values import from_attributes, to_attributes
from rollcall.kit.entity import EXPIRY_ATTRIBUTE, Entity, Item, Key
from rollcall.kit.idempotency import StoredAnswer
from rollcall.kit.journal import COPIED, JournalEntry
from rollcall.kit.table import Table
from rollcall.lifecycle.policy import LifecyclePolicy
from rollcall.lifecycle.runs import LifecycleRun, StepRow
from rollcall.resources.resource import Resource
from rollcall.users.fact_set import FACTS, FactSet
from rollcall.users.inactivity import Inactivity
from rollcall.users.note import PREFIX, Note
from rollcall.users.sign_ins import SignIns
from rollcall.users.storage import INACTIVITY_SORT_KEY, SIGN_INS_SORT_KEY, USER_SORT_KEY
from rollcall.users.user import User

KINDS: tuple[type[Entity], ...] = (
    AccessPolicy,
    Role,
    Organization,
    Group,
    Segment,
    LifecyclePolicy,
    User,
    Note,
    FactSet,
    SignIns,
    Inactivity,
    Resource,
    Invitation,
    Registration,
    LifecycleRun,
    Export,
    ReconciliationSummary,
)
"""Every kind of entity. Each one follows those that it refers to."""
RECORDS: tuple[type[Entity], ...] = (
    AccessPolicy,
    FactSet,
    SignIns,
    Inactivity,
    Invitation,
    Registration,
    LifecycleRun,
    Export,
    ReconciliationSummary,
)
"""Kinds that are restored only if they are missing. They record what has happened since, come from
another service, or are links, which must not become valid again. The access policy is changed back
with the groups and roles."""
_OF_USERS: tuple[tuple[str, type[Entity]], ...] = (
    (USER_SORT_KEY, User),
    (PREFIX, Note),
    (FACTS, FactSet),
    (SIGN_INS_SORT_KEY, SignIns),
    (INACTIVITY_SORT_KEY, Inactivity),
)
_OTHERS = tuple(kind for kind in KINDS if kind.partition != USER_PARTITION)
COPIED_PARTITIONS = (JournalEntry.partition, StepRow.partition, StoredAnswer.partition)
"""Items that are no entities and are copied if they are missing: the journal, the steps of runs of
the clean-up, and the answers to requests with an Idempotency-Key. Everything else follows from the
entities, or is not valid any more."""
PUT_AT_ONCE = 25
"""DynamoDB's limit on one BatchWriteItem."""


class Unreadable(Exception):
    """An item is damaged."""


def find_kind(key: Key) -> type[Entity] | None:
    """The kind of the entity whose item has this key; None for the key of another item."""
    if key.pk.startswith(USER_PARTITION):
        return next((kind for prefix, kind in _OF_USERS if key.sk.startswith(prefix)), None)
    if key.sk in (key.pk, LifecycleRun.key_of("").sk):
        return next((kind for kind in _OTHERS if key.pk.startswith(kind.partition)), None)
    return None


def read_entity(table: Table, kind: type[Entity], key: Key) -> Entity | None:
    """The entity with its rows; None if it is not stored. Raises Unreadable."""
    try:
        if kind is User:
            return User.assemble(table.query_partition(key.pk, prefix="#"))
        item = table.get_item(key)
        return kind.model_validate(item) if item else None
    except (ValidationError, LookupError, TypeError, ValueError) as error:
        raise Unreadable from error


def is_copied(item: Item, now: datetime) -> bool:
    """Whether the item is no entity, but is copied."""
    return (
        str(item["pk"]).startswith(COPIED_PARTITIONS)
        and find_kind(Key(item["pk"], item["sk"])) is None
        and item.get(EXPIRY_ATTRIBUTE, now.timestamp() + 1) > now.timestamp()
    )


class WholeTable(Table):
    """A table that an operator reads and fills completely. No function has the permission to."""

    def scan(self) -> Iterator[Item]:
        """All items, strongly consistent and in no particular order."""
        for page in self._client.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True
        ):
            yield from map(from_attributes, page["Items"])

    def copy_missing(self, items: Sequence[Item], *, apply: bool) -> int:
        """Write the items that are missing. Returns their number."""
        held = self.get_items([Key(item["pk"], item["sk"]) for item in items])
        missing = [item for item in items if Key(item["pk"], item["sk"]) not in held]
        for some in batched(missing, PUT_AT_ONCE, strict=False):
            requests = [{"PutRequest": {"Item": to_attributes(_as_copy(item))}} for item in some]
            while apply and requests:
                answer = self._client.batch_write_item(RequestItems={self.name: requests})  # type: ignore[dict-item]  # the stubs want typed attributes
                requests = answer["UnprocessedItems"].get(self.name, [])  # type: ignore[assignment]  # as above
        return len(missing)

    def find_time(self) -> datetime:
        """The time that a restored table shows, or when the table was created."""
        described = self._client.describe_table(TableName=self.name)["Table"]
        restored = described.get("RestoreSummary")
        time = restored["RestoreDateTime"] if restored else described["CreationDateTime"]
        return time.astimezone(UTC)


def _as_copy(item: Item) -> Item:
    is_entry = str(item["pk"]).startswith(JournalEntry.partition)
    return {**item, COPIED: True} if is_entry else item
