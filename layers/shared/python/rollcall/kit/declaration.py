"""What operations, jobs and reactions have in common: a name, words, and what they touch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict, get_type_hints

from rollcall.kit.clients import make_client
from rollcall.kit.entity import Entity, Row
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.identity import Account
from rollcall.kit.mail import Mail
from rollcall.kit.objects import StoredObject
from rollcall.kit.settings import in_lambda

type Resource = type[Entity] | type[Row] | type[Account] | type[Mail] | type[StoredObject]
"""What a function may read or write; its IAM policy derives from these alone."""


class ReadingRecord(Entity):
    """That somebody has read something, and nothing else: a GET may write it, beside files that
    pass away.
    """


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One function to deploy: what it is called, what it says it does, what it may touch."""

    name: str
    module: str
    summary: str
    description: str
    reads: tuple[Resource, ...] = ()
    writes: tuple[Resource, ...] = ()
    principals: tuple[type[Entity], ...] = ()
    """Entities that authorization reads, and that writes check again."""
    timeout: int = 15
    """Seconds; API Gateway itself waits 29."""

    def __post_init__(self) -> None:
        """In Lambda, make the clients of what is declared beside entities; the table's is always
        made. At init no caller waits for them, and a function without them starts faster.
        """
        if in_lambda():
            touched = (*self.reads, *self.writes)
            services = {each.service for each in (Account, Mail) if each in touched}
            for service in services | {each.service for each in self.stored_objects}:
                make_client(service)

    @property
    def stored_objects(self) -> tuple[type[StoredObject], ...]:
        """The kinds of objects that it touches; each once."""
        touched = dict.fromkeys((*self.reads, *self.writes))
        return tuple(each for each in touched if issubclass(each, StoredObject))

    @property
    def memory(self) -> int:
        """MB, as much as the hungriest kind of object needs that it touches."""
        return max((each.memory for each in self.stored_objects), default=StoredObject.memory)

    @property
    def ephemeral_storage(self) -> int:
        """MB of /tmp, likewise."""
        needed = (each.ephemeral_storage for each in self.stored_objects)
        return max(needed, default=StoredObject.ephemeral_storage)

    @property
    def layers(self) -> tuple[str, ...]:
        """The folders below ``layers`` whose packages it needs beyond those of all functions."""
        return tuple(sorted({layer for each in self.stored_objects for layer in each.layers}))

    @property
    def area(self) -> str:
        """The folder below ``functions`` that the declaration stands in."""
        return self.module.split(".")[-2]


class Words(TypedDict):
    """What a declaration is called and says of itself."""

    name: str
    module: str
    summary: str
    description: str


def describe(function: Callable[..., object]) -> Words:
    """Name, module, summary and description of a declared function.

    Raises WrongDeclaration when its file has another name or its docstring is missing.
    """
    name = function.__name__
    file = function.__module__.rpartition(".")[2]
    if file != name:
        raise WrongDeclaration(
            f"{name} is declared in {file}.py; name the file {name}.py, so that file, function, "
            "Lambda function and journal action are one name."
        )
    words = inspect.getdoc(function)
    if not words:
        raise WrongDeclaration(
            f"{name} has no docstring; write one sentence that says what it does: "
            "it becomes the summary in the API document."
        )
    summary, _, rest = words.partition("\n\n")
    return {
        "name": name,
        "module": function.__module__,
        "summary": " ".join(summary.split()),
        "description": rest.strip(),
    }


def check_resources(name: str, reads: tuple[Any, ...], writes: tuple[Any, ...]) -> None:
    """Raise WrongDeclaration for anything that no policy can be derived from."""
    for word, resources in (("reads", reads), ("writes", writes)):
        for resource in resources:
            kinds = (Entity, Row, Account, Mail, StoredObject)
            if not (isinstance(resource, type) and issubclass(resource, kinds)):
                raise WrongDeclaration(
                    f"{name} {word} {resource!r}; name entities, rows, stored objects, Account "
                    "or Mail, from which its IAM policy derives."
                )


def read_signature(function: Callable[..., object]) -> tuple[dict[str, Any], Any]:
    """The parameters' types in order, and the return type; raises WrongDeclaration when a type
    is missing.
    """
    hints = get_type_hints(function)
    result = hints.pop("return", None)
    missing = [each for each in inspect.signature(function).parameters if each not in hints]
    if missing:
        raise WrongDeclaration(
            f"{function.__name__} does not say the type of {', '.join(missing)}; annotate every "
            "parameter: requests and answers derive from the types."
        )
    return hints, result
