"""What is kept in the table: entities that declare their keys, claims, counters and rows.

An entity is an aggregate: one item with a version, and the rows that change with it.
Everything the write path needs is read from here, so that no operation can forget it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import ConfigDict, Field

from rollcall.kit.errors import Conflict, FieldError
from rollcall.kit.model import Model, Time

type Item = dict[str, Any]
"""One DynamoDB item as plain Python values; it is validated into a model before use."""


EXPIRY_ATTRIBUTE = "expiresAt"
"""Epoch seconds; DynamoDB's TTL lags, so whoever reads such an item checks it too."""
TOMBSTONE_KEPT = timedelta(days=30)
"""Longer than any stalled request or late record of the stream could ask for what was deleted."""
COUNTERS = "COUNTER#"
"""What the partition keys of counters with an item of their own begin with."""


class Key(NamedTuple):
    """The primary key of one item."""

    pk: str
    sk: str


class ClaimKind(NamedTuple):
    """A value that only one entity may have, and the words that refuse the second one."""

    name: str
    field: str
    refusal: str

    @property
    def code(self) -> str:
        """The stable code of the refusal, as ``email_taken``."""
        return f"{self.name.replace('-', '_')}_taken"

    @property
    def partition(self) -> str:
        """The prefix that all claims of this kind share."""
        return f"CLAIM#{self.name}#"


class Claim(NamedTuple):
    """One unique value held by one entity."""

    kind: ClaimKind
    value: str

    @property
    def key(self) -> Key:
        """Where the claim is kept."""
        return Key(self.kind.partition + self.value, "CLAIM")

    @property
    def refusal(self) -> Conflict:
        """What the second one to claim it is told."""
        error = FieldError(self.kind.field, self.kind.refusal, self.kind.code)
        return Conflict(self.kind.code, self.kind.refusal, (error,))


class Floor(NamedTuple):
    """What a counter may not fall below, and the words that refuse it."""

    minimum: int
    code: str
    refusal: str


class Holder(NamedTuple):
    """A kind of entity, known by no more than where its items are, that numbers stand on."""

    kind: str
    partition: str

    def counter(self, entity_id: str, attribute: str) -> Counter:
        """A number on the item of one entity, which goes up only while that one exists."""
        key = self.partition + entity_id
        return Counter(Key(key, key), attribute, holder=self)


class Counter(NamedTuple):
    """A number that changes in the transaction of the entities that it counts."""

    key: Key
    attribute: str = "count"
    floor: Floor | None = None
    holder: Holder | None = None
    """What stands on the item too, if it is an entity's own."""
    stamped: bool = False
    """Whether the item's ``revision`` goes up with each change, so that a decision which rests on
    its numbers can be held against it."""

    @classmethod
    def named(cls, name: str, floor: Floor | None = None) -> Counter:
        """A number that has an item to itself."""
        return cls(Key(f"{COUNTERS}{name}", "COUNTER"), floor=floor)


class Row(Model):
    """An item that is written beside an entity and is no part of the entity's own item."""

    model_config = ConfigDict(extra="ignore")

    partition: ClassVar[str]
    """What every partition key of such rows begins with."""
    index_partitions: ClassVar[tuple[str, ...]] = ()
    """Partition keys, or their prefixes, of the index queries made over such rows."""

    def key(self) -> Key:
        """The row's primary key."""
        raise NotImplementedError

    def index(self) -> Mapping[str, str]:
        """The row's attributes in the secondary indexes."""
        return {}

    def item(self) -> Item:
        """The row as it is stored."""
        return {**_stored(self), **self.key()._asdict(), **self.index()}


class Entity(Model):
    """One versioned thing. Subclasses declare ``kind``, ``partition`` and what they claim."""

    model_config = ConfigDict(extra="ignore")

    kind: ClassVar[str]
    """The journal's name for it, as ``user``."""
    partition: ClassVar[str]
    """What every partition key of this entity begins with."""
    index_partitions: ClassVar[tuple[str, ...]] = ()
    """Partition keys, or their prefixes, of the index queries made over this entity."""
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = ()
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What the partition keys begin with of the items that this entity is counted on, each with
    what the attributes begin with that counting it there changes or compares."""
    row_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that are stored as rows of their own, not in the entity's item."""
    unversioned_fields: ClassVar[tuple[str, ...]] = ()
    """Bookkeeping that changes without a new version, and is no part of the journal."""
    guest: ClassVar[bool] = False
    """Whether it is kept in the partition of another kind of entity, in which whoever writes it may
    write nothing else."""
    tombstone_waits: ClassVar[bool] = False
    """Whether a tombstone stays until what hangs on it has been removed, and somebody says so."""

    id: str
    version: int = Field(default=0, ge=0)
    created_at: Time
    updated_at: Time
    erased: bool = False
    """Whether this is only a tombstone: deleted, and kept until what hangs on it is gone too."""

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The primary key of the entity with this id."""
        return Key(cls.partition + entity_id, cls.partition + entity_id)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The entity from the items of its partition; None when it is not among them."""
        for item in items:
            if item["sk"] == item["pk"]:
                return cls.model_validate(item)
        return None

    @property
    def exists(self) -> bool:
        """Whether the world may know of it; a tombstone is nobody's business."""
        return not self.erased

    def key(self) -> Key:
        """The primary key of the entity's item."""
        return self.key_of(self.id)

    def claims(self) -> frozenset[Claim]:
        """The unique values that this entity holds at present."""
        return frozenset()

    def counts(self) -> Mapping[Counter, int]:
        """What this entity adds to each counter at present."""
        return {}

    def rows(self) -> tuple[Row, ...]:
        """The rows that belong to this entity at present."""
        return ()

    def index(self) -> Mapping[str, str]:
        """The item's attributes in the secondary indexes."""
        return {}

    def touches(self, before: Self | None) -> frozenset[str]:
        """The ids of other entities of whom lists show something that this version has changed;
        ``before`` is None for the first one.
        """
        return frozenset()

    def succeed(self, before: Self | None, now: datetime) -> Self:
        """This entity as the next version after ``before``, ready to be written."""
        version = before.version + 1 if before else 1
        return self.model_copy(update={"version": version, "updated_at": now})

    def item(self) -> Item:
        """The entity as it is stored, without its rows."""
        item = _stored(self, exclude=set(self.row_fields))
        if self.erased and not self.tombstone_waits:
            item[EXPIRY_ATTRIBUTE] = tombstone_expiry(self.updated_at)
        return {**item, **self.key()._asdict(), **self.index()}

    def facts(self) -> Item:
        """The entity with its rows, as the journal compares and shows it."""
        left_out = {"version", "created_at", "updated_at", *self.unversioned_fields}
        return _stored(self, exclude=left_out if self.erased else left_out | {"erased"})

    def with_facts(self, facts: Item, version: int) -> Self:
        """The entity as it was at another version, from the facts of that time."""
        known = {"createdAt": self.created_at, "updatedAt": self.updated_at}
        return type(self).model_validate({**facts, **known, "version": version})


def tombstone_expiry(erased_at: datetime) -> int:
    """When DynamoDB may remove a tombstone, in epoch seconds."""
    return int((erased_at + TOMBSTONE_KEPT).timestamp())


def _stored(model: Model, exclude: set[str] | None = None) -> Item:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=exclude)
