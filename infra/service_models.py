"""botocore's service data, cut to what the functions call.

botocore ships a model of every AWS service (26 MB) and parses the whole model of a service for
each client. The functions use three services and a dozen or so operations of each.
"""

from __future__ import annotations

import gzip
import inspect
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from botocore import xform_name
from rollcall.kit import identity, mail, table

CALLERS: dict[str, ModuleType] = {
    identity.Account.service: identity,
    mail.Mail.service: mail,
    table.Table.service: table,
}
"""The services, each with the one module that calls it."""
PARTITION = "aws"
"""The AWS partition whose endpoints are kept. Deploying to China or GovCloud means naming
another one here.
"""
SHARED = frozenset(
    {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
)
"""What botocore loads for a client of whatever service."""

type Document = dict[str, Any]


def trim_data(data: Path) -> None:
    """Cut a copy of botocore's data folder down to the services in CALLERS."""
    for entry in sorted(data.iterdir()):
        if entry.name in CALLERS:
            _trim_service(entry, CALLERS[entry.name])
        elif entry.name not in SHARED:
            shutil.rmtree(entry)
    for name, cut in (("endpoints.json", cut_endpoints), ("partitions.json", cut_partitions)):
        file = data / name
        _write(file, cut(json.loads(file.read_bytes())))


def cut_model(model: Document, caller: ModuleType) -> Document:
    """The service model with those operations alone whose methods the caller names, the shapes
    that they reach, and no documentation.
    """
    words = set(re.findall(r"\w+", inspect.getsource(caller)))
    operations = {
        name: operation
        for name, operation in model["operations"].items()
        if xform_name(name) in words
    }
    shapes = model["shapes"]
    reached: set[str] = set()
    pending = _shapes_named_in(operations)
    while pending:
        reached |= pending
        pending = _shapes_named_in([shapes[name] for name in pending]) - reached
    kept = {name: shape for name, shape in shapes.items() if name in reached}
    cut: Document = _without_documentation({**model, "operations": operations, "shapes": kept})
    return cut


def cut_endpoints(endpoints: Document) -> Document:
    """The endpoints of one partition and of the services that are called."""
    chosen = next(each for each in endpoints["partitions"] if each["partition"] == PARTITION)
    prefixes = {"cognito-idp", "dynamodb", "email"}
    services = {name: each for name, each in chosen["services"].items() if name in prefixes}
    return {**endpoints, "partitions": [{**chosen, "services": services}]}


def cut_partitions(partitions: Document) -> Document:
    """The rules of one partition."""
    kept = [each for each in partitions["partitions"] if each["id"] == PARTITION]
    return {**partitions, "partitions": kept}


def _trim_service(folder: Path, caller: ModuleType) -> None:
    *older, latest = sorted(folder.iterdir())
    for version in older:
        shutil.rmtree(version)
    for file in sorted(latest.iterdir()):
        kind = file.name.partition(".")[0]
        if kind == "service-2":
            _write(latest / "service-2.json", cut_model(_read(file), caller))
        elif kind == "endpoint-rule-set-1":
            _write(latest / "endpoint-rule-set-1.json", _read(file))
        file.unlink()


def _read(file: Path) -> Document:
    document: Document = json.loads(gzip.decompress(file.read_bytes()))
    return document


def _write(file: Path, document: Document) -> None:
    file.write_text(json.dumps(document, separators=(",", ":")))


def _shapes_named_in(node: Any) -> set[str]:
    if isinstance(node, dict):
        named = {node["shape"]} if isinstance(node.get("shape"), str) else set()
        return named.union(*map(_shapes_named_in, node.values()))
    if isinstance(node, Iterable) and not isinstance(node, str):
        return set().union(*map(_shapes_named_in, node))
    return set()


def _without_documentation(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            name: _without_documentation(value)
            for name, value in node.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_without_documentation(each) for each in node]
    return node
