"""Trims botocore to what the functions call.

It ships a model of every AWS service (26 MB) and parses the whole model of a service for each
client. The functions use six services and at most about a dozen operations of each.
"""

from __future__ import annotations

import gzip
import inspect
import json
import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from botocore import xform_name

from rollcall.kit import (
    account,
    dead_letters,
    identity,
    invocations,
    mail,
    objects,
    table,
)

CALLERS: dict[str, ModuleType] = {
    account.Account.service: identity,
    mail.Mail.service: mail,
    objects.StoredObject.service: objects,
    table.Table.service: table,
    invocations.Invocations.service: invocations,
    dead_letters.DeadLetters.service: dead_letters,
}
"""The services, each with the only module that calls it."""
PARTITION = "aws"
"""The AWS partition whose endpoints stay. To deploy to China or GovCloud, change it."""

type Document = dict[str, Any]


def trim_botocore(botocore: Path) -> None:
    """Reduce an installed copy to the services in CALLERS, without documentation."""
    _trim_data(botocore / "data")
    _trim_documentation(botocore / "docs")


def _trim_data(data: Path) -> None:
    for entry in sorted(data.iterdir()):
        if entry.is_dir() and entry.name not in CALLERS:
            shutil.rmtree(entry)
    models = [_trim_service(data / service, caller) for service, caller in CALLERS.items()]
    prefixes = {model["metadata"]["endpointPrefix"] for model in models}
    _write(data / "endpoints.json", cut_endpoints(_read(data / "endpoints.json"), prefixes))
    _write(data / "partitions.json", cut_partitions(_read(data / "partitions.json")))


def cut_model(model: Document, caller: ModuleType) -> Document:
    """The service model with only the operations that the caller uses and the shapes that these
    need, without documentation.
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
    for parameter in cut.get("clientContextParams", {}).values():
        parameter["documentation"] = ""  # botocore reads these
    return cut


def cut_endpoints(endpoints: Document, prefixes: Collection[str]) -> Document:
    """The endpoints of one partition, for the services with these endpoint prefixes."""
    chosen = next(each for each in endpoints["partitions"] if each["partition"] == PARTITION)
    services = {name: each for name, each in chosen["services"].items() if name in prefixes}
    return {**endpoints, "partitions": [{**chosen, "services": services}]}


def cut_partitions(partitions: Document) -> Document:
    """The rules of one partition."""
    kept = [each for each in partitions["partitions"] if each["id"] == PARTITION]
    return {**partitions, "partitions": kept}


_NO_DOCSTRINGS = """class _NoDocstring(str):
    def __new__(cls, **_):
        return super().__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = _NoDocstring
"""


def _trim_documentation(docs: Path) -> None:
    """Reduce ``botocore.docs`` to the names that the rest of botocore imports. Its writers load an
    HTML parser, which is 2 % of a cold start's instructions, and the trimmed models have no
    documentation to write.
    """
    for entry in sorted(docs.iterdir()):
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "utils.py":
            entry.unlink()
    (docs / "__init__.py").touch()
    (docs / "docstring.py").write_text(_NO_DOCSTRINGS)


def _trim_service(folder: Path, caller: ModuleType) -> Document:
    """Keep the model and endpoint rules of the latest version, as plain JSON. Returns the model."""
    *older, latest = sorted(folder.iterdir())
    model = cut_model(_read(latest / "service-2.json.gz"), caller)
    rules = _read(latest / "endpoint-rule-set-1.json.gz")
    for version in (*older, latest):
        shutil.rmtree(version)
    latest.mkdir()
    _write(latest / "service-2.json", model)
    _write(latest / "endpoint-rule-set-1.json", rules)
    return model


def _read(file: Path) -> Document:
    content = file.read_bytes()
    document: Document = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
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
