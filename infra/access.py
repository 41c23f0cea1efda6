"""The permissions of each function, as IAM statements generated from its declaration.

Every statement on the table names the partitions it applies to (``dynamodb:LeadingKeys``): a
function that reads groups cannot read users, although both are in one table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from rollcall.kit.account import Account, SecondFactor
from rollcall.kit.cursor import Cursors
from rollcall.kit.declaration import Declaration, Resource
from rollcall.kit.entity import COUNTERS, EXPIRY_ATTRIBUTE, Entity, Row
from rollcall.kit.idempotency import StoredAnswer
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
from rollcall.kit.model import camel_case
from rollcall.kit.objects import StoredObject
from rollcall.kit.operation import Operation
from rollcall.kit.paging import CursorRequest
from rollcall.kit.table import INDEXES, PARTITION_KEY, SORT_KEY
from rollcall.kit.throttle import Throttle

type Statement = dict[str, Any]

FIND = frozenset({"dynamodb:GetItem", "dynamodb:Query"})
READ = FIND | {"dynamodb:BatchGetItem"}
CHECK = frozenset({"dynamodb:ConditionCheckItem"})
CHANGE = CHECK | {
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
}
CLAIM = READ - {"dynamodb:Query"} | {"dynamodb:PutItem", "dynamodb:DeleteItem"}
LOOK_UP = frozenset({"dynamodb:GetItem"})
COUNT = frozenset({"dynamodb:UpdateItem"})
APPEND = frozenset({"dynamodb:PutItem"})
REMEMBER = frozenset({"dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"})
KEEP = frozenset({"dynamodb:PutItem", "dynamodb:UpdateItem"})
MARK = frozenset({"dynamodb:GetItem", "dynamodb:PutItem"})


class Arns(NamedTuple):
    """The ARNs of the resources that functions can get access to."""

    table: str
    user_pool: str
    bucket: str
    mail_identities: tuple[str, ...]
    """The SES identities to send mail from. None: no function can send mail."""


def derive_statements(declaration: Declaration, arns: Arns) -> list[Statement]:
    """The statements of one function's policy: only what the function declares."""
    touched = (*declaration.reads, *declaration.writes)
    statements = [
        _allow(actions, [arns.table], patterns)
        for actions, patterns in _grants_by_actions(declaration).items()
    ]
    statements += _guest_statements(declaration, arns.table)
    statements += _count_statements(declaration, arns.table)
    kept = [each for each in touched if issubclass(each, (Entity, Row))]
    if listed := [name for each in kept for name in each.index_partitions]:
        indexes = [f"{arns.table}/index/{name}" for name in INDEXES]
        statements.append(_allow({"dynamodb:Query"}, indexes, {f"{name}*" for name in listed}))
    statements += _object_statements(declaration, arns.bucket)
    if Account in touched:
        changed = Account.write_actions if Account in declaration.writes else ()
        statements.append(_allow({*Account.read_actions, *changed}, [arns.user_pool]))
    if SecondFactor in touched and arns.user_pool:
        statements.append(allow_second_factor(arns.user_pool))
    if Mail in declaration.writes and arns.mail_identities:
        statements.append(_allow(Mail.write_actions, arns.mail_identities))
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
    """Patterns of partition keys with actions. A pattern can occur more than once."""
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
    yield from ((f"{row.partition}*", KEEP) for row in _rows(declaration.writes))
    for entity in _entities(declaration.writes):
        yield f"{entity.partition}*", READ if entity.guest else READ | CHANGE
        yield f"{JournalEntry.partition}*", APPEND
        yield from ((f"{kind.partition}*", CLAIM) for kind in entity.claim_kinds)
    if Mail in declaration.writes:
        yield f"{Mail.partition}*", MARK
    if isinstance(declaration, Operation):
        yield from _grants_of_operation(declaration)


def _grants_of_operation(operation: Operation[Any, Any]) -> Iterable[tuple[str, frozenset[str]]]:
    if operation.throttle:
        yield f"{Throttle.partition}*", COUNT
    if operation.changes:
        yield f"{StoredAnswer.partition}*", REMEMBER
    if issubclass(operation.request_model, CursorRequest):
        yield Cursors.partition, MARK


def _named_counters(declaration: Declaration) -> Iterable[str]:
    """The keys of counters with their own item, such as the number of groups."""
    for entity in _entities((*declaration.reads, *declaration.writes)):
        yield from (each for each in entity.counter_partitions if each.startswith(COUNTERS))


def _guest_statements(declaration: Declaration, table: str) -> Iterable[Statement]:
    """Permission to write the attributes of entities that are stored with others, and no other
    attributes there: a service that pushes facts about a user must not grant the user permissions.
    """
    for entity in _entities(declaration.writes):
        if entity.guest:
            kept = [camel_case(each) for each in entity.model_fields]
            attributes = [PARTITION_KEY, SORT_KEY, EXPIRY_ATTRIBUTE, *kept]
            yield _allow(APPEND, [table], [f"{entity.partition}*"], attributes)


def _count_statements(declaration: Declaration, table: str) -> list[Statement]:
    """Permission to update counters on the items of other entities, and no other attributes: a
    service that registers a workspace counts it on its owner, but must not make any user an admin.
    """
    written = _entities(declaration.writes)
    own = {entity.partition for entity in written}
    patterns_by_attributes: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for entity in written:
        for partition, attributes in entity.counter_partitions.items():
            if partition not in own:
                pattern = partition if partition.startswith(COUNTERS) else f"{partition}*"
                patterns_by_attributes[attributes].add(pattern)
    return [
        _allow(COUNT, [table], patterns, [PARTITION_KEY, SORT_KEY, *(f"{a}*" for a in attributes)])
        for attributes, patterns in patterns_by_attributes.items()
    ]


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
        # Every key of a batch must match. A scan, which has no key, is never granted.
        statement["Condition"] = {"ForAllValues:StringLike": keys}
        if attributes:
            # Keys, and all attributes that an expression names, changed or only compared (DynamoDB
            # developer guide, IAM policy conditions). The response must not show other attributes.
            keys["dynamodb:Attributes"] = list(attributes)
            unseen = {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]}
            statement["Condition"]["StringEqualsIfExists"] = unseen
    return statement
