"""The permissions of each function, as IAM statements generated from its declaration.

Every statement on the table names the partitions it applies to (``dynamodb:LeadingKeys``): a
function that reads groups cannot read users, although both are in one table. Every statement that
allows writing also names the attributes (``dynamodb:Attributes``): a function that writes users
without declaring grants cannot grant anything, although both are in one partition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from rollcall.kit.account import Account, SecondFactor
from rollcall.kit.cursor import CursorKey
from rollcall.kit.declaration import Declaration, Resource
from rollcall.kit.entity import COUNTERS, EXPIRY_ATTRIBUTE, SCHEMA_ATTRIBUTE, Entity, Row
from rollcall.kit.idempotency import StoredAnswer
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.model import camel_case
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import Operation
from rollcall.kit.paging import CursorRequest
from rollcall.kit.reaction import StreamReaction
from rollcall.kit.signing_key import SigningKey
from rollcall.kit.table import INDEXES, PARTITION_KEY, SORT_KEY
from rollcall.kit.throttle import Throttle

type Statement = dict[str, Any]

FIND = frozenset({"dynamodb:GetItem", "dynamodb:Query"})
READ = FIND | {"dynamodb:BatchGetItem"}
CHECK = frozenset({"dynamodb:ConditionCheckItem"})
DELETE = frozenset({"dynamodb:DeleteItem"})
CLAIM = DELETE | {"dynamodb:BatchGetItem", "dynamodb:GetItem"}
LOOK_UP = frozenset({"dynamodb:GetItem"})
REMEMBER = DELETE | {"dynamodb:BatchGetItem"}
# Allowed for named attributes only. BatchWriteItem is not allowed at all, because it can delete and
# write alike.
COUNT = frozenset({"dynamodb:UpdateItem"})
APPEND = frozenset({"dynamodb:PutItem"})
KEEP = APPEND | COUNT

KEYS = (PARTITION_KEY, SORT_KEY)
INDEX_KEYS = tuple(f"{name}*" for name in INDEXES)


class Arns(NamedTuple):
    """The ARNs of the resources that functions can get access to."""

    table: str
    keys: str
    """The table of the signing keys."""
    user_pool: str
    bucket: str
    mail_resources: tuple[str, ...]
    """The SES identities and the configuration set to send mail with. None: no function can send
    mail."""


class Write(NamedTuple):
    """The permission to write some attributes of items, and no others."""

    actions: frozenset[str]
    pattern: str
    """The pattern of the partition keys."""
    attributes: tuple[str, ...]


def derive_statements(declaration: Declaration, arns: Arns) -> list[Statement]:
    """The statements of one function's policy: only what the function declares."""
    touched = (*declaration.reads, *declaration.writes)
    statements = [
        _allow(actions, [arns.table], patterns)
        for actions, patterns in _grants_by_actions(declaration).items()
    ]
    statements += _write_statements(declaration, arns.table)
    kept = [each for each in touched if issubclass(each, (Entity, Row))]
    if listed := [name for each in kept for name in each.index_partitions]:
        indexes = [f"{arns.table}/index/{name}" for name in INDEXES]
        statements.append(_allow({"dynamodb:Query"}, indexes, {f"{name}*" for name in listed}))
    statements += _key_statements(declaration, arns.keys)
    statements += _object_statements(declaration, arns.bucket)
    if called := _account_actions(declaration):
        statements.append(_allow(called, [arns.user_pool]))
    if SecondFactor in touched and arns.user_pool:
        statements.append(allow_second_factor(arns.user_pool))
    if Mail in declaration.writes and arns.mail_resources:
        statements.append(_allow(Mail.write_actions, arns.mail_resources))
    return statements


def allow_second_factor(user_pool: str) -> Statement:
    """Permission to see whether an account of the pool has a second factor."""
    return _allow(SecondFactor.read_actions, [user_pool])


def _grants_by_actions(declaration: Declaration) -> dict[frozenset[str], set[str]]:
    """The key patterns for each set of actions, which become one statement."""
    actions_by_pattern: dict[str, frozenset[str]] = defaultdict(frozenset)
    for pattern, actions in _grants(declaration):
        actions_by_pattern[pattern] |= actions
    patterns_by_actions: dict[frozenset[str], set[str]] = defaultdict(set)
    for pattern, actions in actions_by_pattern.items():
        patterns_by_actions[actions].add(pattern)
    return patterns_by_actions


def _grants(declaration: Declaration) -> Iterable[tuple[str, frozenset[str]]]:
    """Patterns of partition keys with actions that read, check or delete. A pattern can occur more
    than once.
    """
    # A transaction checks its preconditions: the caller's record, the existence of a group.
    check = CHECK if declaration.writes else frozenset()
    for entity in declaration.principals:
        yield f"{entity.partition}*", FIND | check
    for entity in _entities(declaration.reads):
        yield f"{entity.partition}*", READ | check
    yield from ((each, LOOK_UP) for each in _named_counters(declaration))
    # Rows that are found by an index are only read there.
    read = (each for each in _rows(declaration.reads) if not each.index_partitions)
    yield from ((f"{row.partition}*", FIND) for row in read)
    for entity in _entities(declaration.writes):
        yield f"{entity.partition}*", READ if entity.guest else READ | CHECK | DELETE
        yield from ((f"{kind.partition}*", CLAIM) for kind in entity.claim_kinds)
    if Mail in declaration.writes:
        yield f"{Mail.partition}*", LOOK_UP
    if isinstance(declaration, Operation) and declaration.changes:
        yield f"{StoredAnswer.partition}*", REMEMBER
    if isinstance(declaration, StreamReaction):
        # It receives the keys of entries.
        yield f"{JournalEntry.partition}*", LOOK_UP


def _named_counters(declaration: Declaration) -> Iterable[str]:
    """The keys of counters with their own item, such as the number of groups."""
    for entity in _entities((*declaration.reads, *declaration.writes)):
        yield from (each for each in entity.counter_partitions if each.startswith(COUNTERS))


def _write_statements(declaration: Declaration, table: str) -> Iterable[Statement]:
    """Permission to write, one statement for each set of attributes. A request must be within one
    of them, so what two statements allow cannot be combined in one item.
    """
    patterns: dict[tuple[frozenset[str], tuple[str, ...]], set[str]] = defaultdict(set)
    for write in _writes(declaration):
        patterns[write.actions, write.attributes].add(write.pattern)
    for (actions, attributes), matching in patterns.items():
        yield _allow(actions, [table], matching, attributes)
    if patterns:
        yield _deny_returned_values(table)


def _deny_returned_values(table: str) -> Statement:
    """Responses to writes must not show the attributes of the item, which the function perhaps
    cannot read.
    """
    return {
        "Effect": "Deny",
        "Action": ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        "Resource": [table],
        "Condition": {
            "StringNotEquals": {"dynamodb:ReturnValues": "NONE"},
            "Null": {"dynamodb:ReturnValues": "false"},
        },
    }


def _writes(declaration: Declaration) -> Iterable[Write]:
    written = _entities(declaration.writes)
    own = {each.partition: set(_attributes(each)) for each in written if not each.guest}
    for entity in written:
        yield from _entity_writes(entity)
        yield from _counter_writes(entity, own)
    for row in _rows(declaration.writes):
        yield Write(KEEP, f"{row.partition}*", _attributes(row))
    if Mail in declaration.writes:
        yield Write(APPEND, f"{Mail.partition}*", (*KEYS, EXPIRY_ATTRIBUTE))
    if isinstance(declaration, Operation):
        if declaration.throttle:
            yield Write(COUNT, f"{Throttle.partition}*", (*KEYS, "count", EXPIRY_ATTRIBUTE))
        if declaration.changes:
            yield Write(APPEND, f"{StoredAnswer.partition}*", _attributes(StoredAnswer))


def _entity_writes(entity: type[Entity]) -> Iterable[Write]:
    """The item of an entity, its rows, claims and journal entries. A guest's function can also
    update its own attributes in the other items of the partition, because IAM does not know sort
    keys. Their ids are read from the keys (rollcall.users.storage).
    """
    yield Write(KEEP, f"{entity.partition}*", _attributes(entity))
    for row in entity.row_kinds:
        yield Write(KEEP, f"{row.partition}*", _attributes(row))
    yield Write(APPEND, f"{JournalEntry.partition}*", _attributes(JournalEntry))
    for kind in entity.claim_kinds:
        yield Write(APPEND, f"{kind.partition}*", (*KEYS, "owner"))


def _counter_writes(entity: type[Entity], own: Mapping[str, set[str]]) -> Iterable[Write]:
    """The counters of an entity on the items of others: a service that registers a workspace counts
    it on its owner, and changes nothing else there. ``own`` are the attributes that the function
    can write anyway, by partition. The counters among them need no statement: the policies of a
    role have a quota.
    """
    for partition, prefixes in entity.counter_partitions.items():
        if not own.get(partition, set()) >= set(prefixes):
            pattern = partition if partition.startswith(COUNTERS) else f"{partition}*"
            yield Write(COUNT, pattern, (*KEYS, *(f"{each}*" for each in prefixes)))


def _attributes(kind: type[Entity | Row]) -> tuple[str, ...]:
    """All attributes of the items of an entity, without those of its rows, or of a row."""
    indexed = kind.index not in (Entity.index, Row.index)
    names = [*KEYS, *(INDEX_KEYS if indexed else ())]
    elsewhere: tuple[str, ...] = ()
    if issubclass(kind, Entity):
        names += [EXPIRY_ATTRIBUTE, *kind.derived_attributes]
        elsewhere = kind.row_fields
    names += [SCHEMA_ATTRIBUTE] if kind.current_schema > 1 else []
    names += [
        camel_case(name)
        for name, field in kind.model_fields.items()
        if name not in elsewhere and not field.exclude
    ]
    return tuple(dict.fromkeys(names))


def _account_actions(declaration: Declaration) -> set[str]:
    read, written = (
        [each for each in resources if issubclass(each, Account)]
        for resources in (declaration.reads, declaration.writes)
    )
    actions = {action for each in (*read, *written) for action in each.read_actions}
    return actions | {action for each in written for action in each.write_actions}


def find_signing_keys(declaration: Declaration) -> set[type[SigningKey]]:
    """The keys that a function uses: the declared ones, and for lists that of their cursors."""
    touched = (*declaration.reads, *declaration.writes)
    keys = {each for each in touched if issubclass(each, SigningKey)}
    if isinstance(declaration, Operation) and issubclass(declaration.request_model, CursorRequest):
        keys.add(CursorKey)
    return keys


def _key_statements(declaration: Declaration, table: str) -> Iterable[Statement]:
    """Permission to read signing keys, and for those who declare it, to rotate them."""
    if used := find_signing_keys(declaration):
        yield _allow(LOOK_UP, [table], [each.partition for each in used])
    written = [each for each in declaration.writes if issubclass(each, SigningKey)]
    if written:
        partitions = [each.partition for each in written]
        yield _allow(KEEP, [table], partitions, SigningKey.attributes)


def _object_statements(declaration: Declaration, bucket: str) -> Iterable[Statement]:
    """Permission to access objects with the prefixes of their kinds, and to list them."""
    prefixes = {kind.prefix for kind in declaration.stored_objects}
    if not prefixes:
        return
    written = {each.prefix for each in declaration.writes if issubclass(each, StoredObject)}
    listing = _allow({"s3:ListBucket"}, [bucket])
    listing["Condition"] = {"StringLike": {"s3:prefix": sorted(f"{each}*" for each in prefixes)}}
    yield listing
    yield _allow(StoredObject.read_actions, [f"{bucket}/{each}*" for each in sorted(prefixes)])
    if written:
        yield _allow(StoredObject.write_actions, [f"{bucket}/{each}*" for each in sorted(written)])


def _rows(resources: Iterable[Resource]) -> list[type[Row]]:
    return [each for each in resources if issubclass(each, Row)]


def _entities(resources: Iterable[Resource]) -> list[type[Entity]]:
    return [each for each in resources if issubclass(each, Entity)]


def _allow(
    actions: Iterable[str],
    resources: Iterable[str],
    patterns: Iterable[str] = (),
    attributes: Iterable[str] = (),
) -> Statement:
    statement: Statement = {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": list(resources),
    }
    if patterns:
        keys = {"dynamodb:LeadingKeys": sorted(patterns)}
        if attributes:
            # Keys, and all attributes that an expression names, changed or only compared (DynamoDB
            # developer guide, IAM policy conditions).
            keys["dynamodb:Attributes"] = list(attributes)
        # Every key of a batch must match. ForAllValues is also true for a request without the key,
        # such as a scan, so the key must be there too (IAM user guide, multivalued context keys).
        statement["Condition"] = {
            "ForAllValues:StringLike": keys,
            "Null": dict.fromkeys(keys, "false"),
        }
    return statement
