"""What each function may do, as IAM statements read from its declaration.

On the table every statement names the partitions it is about (``dynamodb:LeadingKeys``): a
function that reads groups cannot read users, though both are in one table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic.alias_generators import to_camel

from rollcall.kit.account import Account
from rollcall.kit.cursor import Cursors
from rollcall.kit.declaration import Declaration, Resource
from rollcall.kit.entity import COUNTERS, EXPIRY_ATTRIBUTE, Entity, Row
from rollcall.kit.idempotency import Idempotency
from rollcall.kit.journal import JournalEntry
from rollcall.kit.mail import Mail
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
REMEMBER = frozenset({"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"})
KEEP = frozenset({"dynamodb:PutItem", "dynamodb:UpdateItem"})
MARK = frozenset({"dynamodb:GetItem", "dynamodb:PutItem"})


class Arns(NamedTuple):
    """Where the things are that functions may be allowed to touch."""

    table: str
    user_pool: str
    bucket: str
    mail_identities: tuple[str, ...]
    """The SES identities that mail may be sent from; none: no function may send."""


def derive_statements(declaration: Declaration, arns: Arns) -> list[Statement]:
    """The statements of one function's policy, and nothing beyond what it declares."""
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
    if Mail in declaration.writes and arns.mail_identities:
        statements.append(_allow(Mail.write_actions, arns.mail_identities))
    return statements


def _grants_by_actions(declaration: Declaration) -> dict[frozenset[str], set[str]]:
    """The key patterns that each set of actions is granted on; one statement for each set."""
    actions_by_pattern: dict[str, frozenset[str]] = defaultdict(frozenset)
    for pattern, actions in _grants(declaration):
        actions_by_pattern[pattern] |= actions
    patterns_by_actions: dict[frozenset[str], set[str]] = defaultdict(set)
    for pattern, actions in actions_by_pattern.items():
        patterns_by_actions[actions].add(pattern)
    return patterns_by_actions


def _grants(declaration: Declaration) -> Iterable[tuple[str, frozenset[str]]]:
    """Patterns of partition keys, each with actions; one pattern may come more than once."""
    # A transaction checks what the decision rested on: the caller's record, a group that exists.
    check = CHECK if declaration.writes else frozenset()
    for entity in declaration.principals:
        yield f"{entity.partition}*", FIND | check
    for entity in _entities(declaration.reads):
        yield f"{entity.partition}*", READ | check
    yield from ((each, LOOK_UP) for each in _named_counters(declaration))
    # What is found by an index is read there alone.
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
        yield f"{Idempotency.partition}*", REMEMBER
    if issubclass(operation.request_model, CursorRequest):
        yield Cursors.partition, MARK


def _named_counters(declaration: Declaration) -> Iterable[str]:
    """The keys of the numbers with an item to themselves, as how many of a kind there are."""
    for entity in _entities((*declaration.reads, *declaration.writes)):
        yield from (each for each in entity.counter_partitions if each.startswith(COUNTERS))


def _guest_statements(declaration: Declaration, table: str) -> Iterable[Statement]:
    """Leave to write what is kept beside others, and no other attributes there: whoever pushes
    facts about a user gives the user no right.
    """
    for entity in _entities(declaration.writes):
        if entity.guest:
            kept = [to_camel(each) for each in entity.model_fields]
            attributes = [PARTITION_KEY, SORT_KEY, EXPIRY_ATTRIBUTE, *kept]
            yield _allow(APPEND, [table], [f"{entity.partition}*"], attributes)


def _count_statements(declaration: Declaration, table: str) -> list[Statement]:
    """Leave to count what is written on the items of others, and to touch nothing else of them:
    whoever registers a workspace counts it beside its owner, but makes nobody an admin.
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
    """Objects below the prefixes of their kinds, and to list what is there."""
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
        # Each key of a batch has to fit; what has no key at all, a scan, is never granted.
        statement["Condition"] = {"ForAllValues:StringLike": keys}
        if attributes:
            # Keys, and whatever an expression names, be it changed or only compared (DynamoDB
            # developer guide, IAM policy conditions); nor may the answer show the rest of the item.
            keys["dynamodb:Attributes"] = list(attributes)
            unseen = {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]}
            statement["Condition"]["StringEqualsIfExists"] = unseen
    return statement
