"""Entities of the table, which declare their keys, claims, counters and rows.

An entity is an aggregate: one item with a version, and the rows that change with it. The write
path derives everything that it needs from these declarations, so no operation can omit it.

Items can have attributes that this version of the code does not know, because a newer one has
written them. Reading ignores these attributes, and writing keeps them (kit/item_update).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from rollcall.kit.errors import Conflict, FieldError, NewerData
from rollcall.kit.model import Model, Time

type Item = dict[str, Any]
"""One DynamoDB item as plain Python values; it is validated into a model before use."""


SCHEMA_ATTRIBUTE = "schemaVersion"
"""The attribute with the number of an item's schema. An item of schema 1 does not have it."""
EXPIRY_ATTRIBUTE = "expiresAt"
"""Epoch seconds. DynamoDB deletes expired items late, so readers must check it too."""
TOMBSTONE_RETENTION = timedelta(days=30)
"""Longer than a stalled request or a late stream record can refer to a deleted entity."""
COUNTERS = "COUNTER#"
"""The prefix of the partition keys of counters that have their own item."""


class Key(NamedTuple):
    """The primary key of one item."""

    pk: str
    sk: str


class ClaimKind(NamedTuple):
    """A unique field: its name, and the error message for a value that is taken."""

    name: str
    field: str
    refusal: str

    @property
    def code(self) -> str:
        """The stable error code, as ``email_taken``."""
        return f"{self.name.replace('-', '_')}_taken"

    @property
    def partition(self) -> str:
        """The prefix of the partition keys of these claims."""
        return f"CLAIM#{self.name}#"


class Claim(NamedTuple):
    """One unique value held by one entity."""

    kind: ClaimKind
    value: str

    @property
    def key(self) -> Key:
        """The primary key of the claim's item."""
        return Key(self.kind.partition + self.value, "CLAIM")


class Taken(Conflict):
    """Another entity of the same kind holds a value that must be unique."""

    def __init__(self, claim: Claim, holders: type[Entity], holder: Entity | None = None) -> None:
        """``holder`` is the one that holds it, if the caller is allowed to see it."""
        self.claim, self.holders = claim, holders
        kind = claim.kind
        advice = holder.advice_on_claims if holder else None
        detail = f"{kind.refusal}. {advice}" if advice else kind.refusal
        super().__init__(kind.code, detail, (FieldError(kind.field, detail, kind.code),))
        self.extensions = holder.shown_as_holder if holder else {}


class Floor(NamedTuple):
    """The minimum of a counter, and the error when a change would go below it."""

    minimum: int
    code: str
    refusal: str


class Holder(NamedTuple):
    """A kind of entity whose items hold counters, known only by its name and key prefix."""

    kind: str
    partition: str

    def counter(self, entity_id: str, attribute: str) -> Counter:
        """A counter on the item of an entity. It increases only while the entity exists."""
        key = self.partition + entity_id
        return Counter(Key(key, key), attribute, holder=self)


class Counter(NamedTuple):
    """A number that changes in the same transaction as the entities that it counts."""

    key: Key
    attribute: str = "count"
    floor: Floor | None = None
    holder: Holder | None = None
    """The kind of the entity whose item holds it; None: it has its own item."""
    stamped: bool = False
    """Whether each change increments the item's ``revision``, so that a transaction can check that
    the item's counters are unchanged."""

    @classmethod
    def named(cls, name: str, floor: Floor | None = None) -> Counter:
        """A counter with its own item."""
        return cls(Key(f"{COUNTERS}{name}", "COUNTER"), floor=floor)


class Stored(Model):
    """What is stored as one item: a row, or an entity without its rows."""

    model_config = ConfigDict(extra="ignore")

    partition: ClassVar[str]
    """The prefix of the partition keys of these items."""
    index_partitions: ClassVar[tuple[str, ...]] = ()
    """Partition keys, or their prefixes, of index queries for these items."""
    current_schema: ClassVar[int] = 1
    """The schema that this version of the code writes. Raise it when an older version must not
    write these items any more (layers/README.md). Rows that are written with an entity, but not
    read with it, have the number of the entity.
    """
    row_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that are stored as separate rows, not in this item."""

    schema_version: int = Field(default=1, exclude=True)
    """The schema of the item as it was read."""

    @model_validator(mode="wrap")
    @classmethod
    def _explain_newer_schema(cls, data: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Raises NewerData for an item of a newer schema that this version cannot read."""
        try:
            return validate(data)
        except ValidationError:
            if isinstance(data, Mapping) and data.get(SCHEMA_ATTRIBUTE, 1) > cls.current_schema:
                raise NewerData from None
            raise

    def require_known_schema(self) -> None:
        """Raise NewerData when a newer version of the code has written the item, which this version
        must not change.
        """
        if self.schema_version > self.current_schema:
            raise NewerData

    def key(self) -> Key:
        """The item's primary key."""
        raise NotImplementedError

    def index(self) -> Mapping[str, str]:
        """The item's attributes in the secondary indexes."""
        return {}

    def item(self) -> Item:
        """The attributes that this version of the code stores."""
        item = {**self._dump(), **self.key()._asdict(), **self.index()}
        if self.current_schema > 1:
            item[SCHEMA_ATTRIBUTE] = self.current_schema
        return item

    def stored_maps(self) -> Item:
        """The nested models and mappings of the item, with what was read and without defaults. So
        each of them is certain to be stored.
        """
        names = {
            name
            for name in type(self).model_fields.keys() - self.row_fields
            if isinstance(getattr(self, name), BaseModel | Mapping)
        }
        return self._dump(include=names, exclude_unset=True) if names else {}

    def _dump(self, **options: Any) -> Item:
        options = {"exclude": {*self.row_fields}, **options}
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, **options)


class Row(Stored):
    """An item that is stored with an entity, but is not part of the entity's item."""


class Entity(Stored):
    """One versioned resource. Subclasses declare ``kind``, ``partition`` and unique fields."""

    kind: ClassVar[str]
    """Its name in the journal, as ``user``."""
    claim_kinds: ClassVar[tuple[ClaimKind, ...]] = ()
    counter_partitions: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The items whose counters this entity changes: the prefix of their partition keys, with the
    prefixes of the attributes that an update changes or compares."""
    row_kinds: ClassVar[tuple[type[Row], ...]] = ()
    """The rows that a function that writes the entity is allowed to write. Other rows are declared
    by each function that writes them."""
    derived_attributes: ClassVar[tuple[str, ...]] = ()
    """The attributes of its item that are not fields."""
    unversioned_fields: ClassVar[tuple[str, ...]] = ()
    """Bookkeeping fields that change without a new version and without a journal entry."""
    guest: ClassVar[bool] = False
    """Whether it is stored in the partition of another kind of entity. A function that writes it is
    not allowed to write anything else there."""
    keeps_tombstone: ClassVar[bool] = False
    """Whether a tombstone has no expiry until a function has deleted its dependents."""

    seen_with: ClassVar[StrEnum | None] = None
    """The permission that allows callers to know which entity holds a unique value. None: the error
    does not say it to any caller."""

    id: str
    version: int = Field(default=0, ge=0)
    created_at: Time
    updated_at: Time
    erased: bool = False
    """Whether this is a tombstone: deleted, and stored until its dependents are deleted too."""

    @classmethod
    def key_of(cls, entity_id: str) -> Key:
        """The primary key of the entity with this id."""
        return Key(cls.partition + entity_id, cls.partition + entity_id)

    @classmethod
    def assemble(cls, items: Iterable[Item]) -> Self | None:
        """The entity from the items of its partition; None if its item is not among them."""
        for item in items:
            if item["sk"] == item["pk"]:
                return cls.model_validate(item)
        return None

    @property
    def advice_on_claims(self) -> str | None:
        """What a caller who needs a unique value of this entity can do about it."""
        return None

    @property
    def shown_as_holder(self) -> Mapping[str, str]:
        """What the error about a unique value of this entity says of it, for programs."""
        return {}

    @property
    def exists(self) -> bool:
        """Whether callers can see it; a tombstone is hidden."""
        return not self.erased

    @property
    def emptied(self) -> bool:
        """Whether the content, such as personal data, was deleted. The version that deletes it
        replaces the whole item, with the attributes that this version of the code does not know.
        """
        return self.erased

    @property
    def person(self) -> str | None:
        """The id of the user whose personal data answers about it hold. They are erased with the
        user.
        """
        return None

    def key(self) -> Key:
        """The primary key of the entity's item."""
        return self.key_of(self.id)

    def claims(self) -> frozenset[Claim]:
        """The unique values that this entity holds."""
        return frozenset()

    def counts(self) -> Mapping[Counter, int]:
        """What this entity adds to each counter."""
        return {}

    def rows(self) -> tuple[Row, ...]:
        """The rows that belong to this entity."""
        return ()

    def touches(self, before: Self | None) -> frozenset[str]:
        """The ids of other entities whose entries in lists this version has changed; ``before`` is
        None for the first version.
        """
        return frozenset()

    def succeed(self, before: Self | None, now: datetime) -> Self:
        """This entity as the next version after ``before``, ready to be written."""
        version = before.version + 1 if before else 1
        return self.model_copy(update={"version": version, "updated_at": now})

    def item(self) -> Item:
        """The entity as it is stored, without its rows."""
        item = super().item()
        if self.erased and not self.keeps_tombstone:
            item[EXPIRY_ATTRIBUTE] = tombstone_expiry(self.updated_at)
        return item

    def facts(self) -> Item:
        """The entity with its rows, as the journal compares and records it."""
        left_out = {"version", "created_at", "updated_at", *self.unversioned_fields}
        return self._dump(exclude=left_out if self.erased else left_out | {"erased"})

    def with_facts(self, facts: Item, version: int) -> Self:
        """The entity at another version, from the facts of that version."""
        known = {"createdAt": self.created_at, "updatedAt": self.updated_at}
        return type(self).model_validate({**facts, **known, "version": version})


def tombstone_expiry(erased_at: datetime) -> int:
    """When a tombstone expires, in epoch seconds."""
    return int((erased_at + TOMBSTONE_RETENTION).timestamp())
