"""Checks a function's AWS calls against the IAM policy derived from its declaration.

ministack's evaluator decides. This module only determines the permissions that each call needs: for
DynamoDB the actions with their partition keys, one for each action of a transaction, for S3 the
actions with their keys (Service Authorization Reference, DynamoDB and Amazon S3).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ministack.core.iam_evaluator import (
    EvalContext,
    ParsedStatement,
    evaluate,
    parse_policy_document,
)

from rollcall.kit.declaration import Declaration
from rollcall.kit.table import PARTITION_KEY
from rollcall_infra.access import Arns, derive_statements

if TYPE_CHECKING:
    from tests.world.strict_aws import WireCall

_PREFIX = "arn:aws:{service}:eu-west-1:123456789012:"
TABLE = _PREFIX.format(service="dynamodb") + "table/"
USER_POOL = _PREFIX.format(service="cognito-idp") + "userpool/"
IDENTITY = _PREFIX.format(service="ses") + "identity/"
BUCKET = "arn:aws:s3:::"
_ITEM_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}
_acting: ContextVar[Declaration | None] = ContextVar("acting", default=None)


class NeededPermission(NamedTuple):
    """One permission that a call needs."""

    action: str
    resource: str
    leading_keys: tuple[str, ...] | None = None
    """The partition keys; None for a call without any, such as a scan."""
    attributes: tuple[str, ...] = ()
    """The attributes that a write sets or compares."""
    prefix: str | None = None
    """The prefix of listed keys; None for a call without one."""
    return_values: str | None = None
    """What the response to a write shows of the item."""


@contextmanager
def acting_as(declaration: Declaration) -> Iterator[None]:
    """Make all AWS calls of this thread with this function's role."""
    token = _acting.set(declaration)
    try:
        yield
    finally:
        _acting.reset(token)


def find_denied(call: WireCall) -> NeededPermission | None:
    """The permission that the acting function's role lacks; None if the call is allowed or no
    function acts.
    """
    declaration = _acting.get()
    if declaration is None:
        return None
    for needed in _read_needed(call):
        if not is_allowed(declaration, needed):
            logging.getLogger(__name__).error("%s is not allowed to %s", declaration.name, needed)
            return needed
    return None


@lru_cache(maxsize=20_000)  # most calls of a test run need the same permissions again
def is_allowed(declaration: Declaration, needed: NeededPermission) -> bool:
    """Whether the policy derived from a declaration includes this permission."""
    known = {"leadingkeys": needed.leading_keys, "attributes": needed.attributes or None}
    # A * matches any characters in IAM, but no line breaks in this evaluator.
    keys: dict[str, Any] = {
        f"dynamodb:{name}": [value.replace("\n", " ") for value in each]
        for name, each in known.items()
        if each is not None
    }
    if needed.prefix is not None:
        keys["s3:prefix"] = needed.prefix
    if needed.return_values is not None:
        keys["dynamodb:returnvalues"] = needed.return_values
    context = EvalContext(
        principal_arn=_PREFIX.format(service="sts") + f"assumed-role/{declaration.name}",
        principal_type="AssumedRole",
        principal_account="123456789012",
        action=needed.action,
        resource_arn=needed.resource,
        region="eu-west-1",
        service_context=keys,
    )
    return bool(evaluate(context, [_policy(declaration)]).decision == "Allow")


@cache
def _policy(declaration: Declaration) -> list[ParsedStatement]:
    # Every call names the same tables, bucket and pool, so these names are sufficient.
    mail_identities = (f"{IDENTITY}rollcall@example.com",)
    arns = Arns(
        f"{TABLE}rollcall",
        f"{TABLE}rollcall-keys",
        f"{USER_POOL}*",
        f"{BUCKET}rollcall",
        mail_identities,
    )
    document = {"Version": "2012-10-17", "Statement": derive_statements(declaration, arns)}
    statements: list[ParsedStatement] = parse_policy_document(document)
    return statements


def _read_needed(call: WireCall) -> Iterator[NeededPermission]:
    sent = call.parameters
    if call.service == "dynamodb":
        yield from _read_dynamodb(call.operation, sent)
    elif call.service == "cognito-idp":
        yield NeededPermission(f"cognito-idp:{call.operation}", USER_POOL + sent["UserPoolId"])
    elif call.service == "s3":
        yield from _read_s3(call.operation, sent)
    else:
        yield NeededPermission(f"ses:{call.operation}", IDENTITY + sent["FromEmailAddress"])


def may_list(call: WireCall) -> bool:
    """Whether the acting function may list the whole bucket of a call; True if none acts."""
    declaration = _acting.get()
    bucket = BUCKET + call.parameters["Bucket"]
    return declaration is None or is_allowed(declaration, NeededPermission("s3:ListBucket", bucket))


_IN_PARTS = frozenset({"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"})
"""``s3:PutObject`` also allows multipart uploads (Amazon S3 user guide, multipart upload)."""


def _read_s3(operation: str, sent: dict[str, Any]) -> Iterator[NeededPermission]:
    bucket = BUCKET + sent["Bucket"]
    if operation == "ListObjectsV2":
        yield NeededPermission("s3:ListBucket", bucket, prefix=sent.get("Prefix"))
    elif operation == "DeleteObjects":
        for each in sent["Delete"]["Objects"]:
            yield NeededPermission("s3:DeleteObject", f"{bucket}/{each['Key']}")
    else:
        action = "PutObject" if operation in _IN_PARTS else operation
        action = "ListMultipartUploadParts" if operation == "ListParts" else action
        yield NeededPermission(f"s3:{action}", f"{bucket}/{sent['Key']}")


def _read_dynamodb(operation: str, sent: dict[str, Any]) -> Iterator[NeededPermission]:
    if operation == "TransactWriteItems":
        for each in sent["TransactItems"]:
            ((verb, body),) = each.items()
            yield from _read_dynamodb(_ITEM_ACTIONS[verb], body)
    elif "RequestItems" in sent:
        for table, requests in sent["RequestItems"].items():
            keys = tuple(_read_batch(requests))
            yield NeededPermission(f"dynamodb:{operation}", TABLE + table, keys)
    else:
        index = f"/index/{sent['IndexName']}" if "IndexName" in sent else ""
        table = TABLE + sent["TableName"] + index
        yield NeededPermission(
            f"dynamodb:{operation}",
            table,
            _read_keys(sent),
            _read_attributes(sent),
            return_values=sent.get("ReturnValues"),
        )


def _read_batch(requests: Any) -> Iterator[str]:
    if isinstance(requests, dict):
        yield from (key[PARTITION_KEY]["S"] for key in requests["Keys"])
        return
    for each in requests:
        ((_, body),) = each.items()
        yield body.get("Key", body.get("Item"))[PARTITION_KEY]["S"]


def _read_keys(sent: dict[str, Any]) -> tuple[str, ...] | None:
    item = sent.get("Key", sent.get("Item"))
    if item is not None:
        return (item[PARTITION_KEY]["S"],)
    bound = re.match(r"\w+ = (:\w+)", sent.get("KeyConditionExpression", ""))
    return (sent["ExpressionAttributeValues"][bound[1]]["S"],) if bound else None


_NO_ATTRIBUTES = frozenset(
    {"ADD", "AND", "OR", "REMOVE", "SET", "attribute_exists", "attribute_not_exists"}
)


def _read_attributes(sent: dict[str, Any]) -> tuple[str, ...]:
    if not {"UpdateExpression", "Item"} & sent.keys():
        return ()
    expressions = f"{sent.get('UpdateExpression', '')} {sent.get('ConditionExpression', '')}"
    names = sent.get("ExpressionAttributeNames", {})
    words = [
        *(sent.get("Item") or sent["Key"]),
        *re.findall(r"(?<![:\w#])#?[A-Za-z_]\w*", expressions),
    ]
    return tuple(names.get(word, word) for word in words if word not in _NO_ATTRIBUTES)
