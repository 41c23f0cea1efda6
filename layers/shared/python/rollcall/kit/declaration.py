"""What operations, jobs and reactions have in common: a name, documentation and resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict, get_type_hints

from rollcall.kit.account import Account, SecondFactor
from rollcall.kit.clients import make_client
from rollcall.kit.entity import Entity, Row
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.mail import Mail
from rollcall.kit.objects import StoredObject
from rollcall.kit.settings import in_lambda
from rollcall.kit.signing_key import SigningKey

type Resource = (
    type[Entity]
    | type[Row]
    | type[SigningKey]
    | type[Account]
    | type[SecondFactor]
    | type[Mail]
    | type[StoredObject]
)
"""What a function reads or writes. Its IAM policy is derived only from these."""


class ReadingRecord(Entity):
    """A record of a read access. A GET is allowed to write it, and files with ``days_kept``."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One function to deploy: its name, its documentation and the resources that it uses."""

    name: str
    module: str
    summary: str
    description: str
    reads: tuple[Resource, ...] = ()
    writes: tuple[Resource, ...] = ()
    principals: tuple[type[Entity], ...] = ()
    """Entities that authorization reads and that each write checks."""
    timeout: int = 15
    """Seconds. API Gateway waits 29."""

    def __post_init__(self) -> None:
        """In Lambda, create the clients that the declared resources need, except DynamoDB's, which
        every function creates. No caller waits during init, and a function without them starts
        faster.
        """
        if in_lambda():
            touched = (*self.reads, *self.writes)
            services = {each.service for each in touched if issubclass(each, (Account, Mail))}
            for service in services | {each.service for each in self.stored_objects}:
                make_client(service)

    @property
    def uses_accounts(self) -> bool:
        """Whether its settings name the user pool."""
        return any(issubclass(each, Account) for each in (*self.reads, *self.writes))

    @property
    def stored_objects(self) -> tuple[type[StoredObject], ...]:
        """The kinds of objects that it uses, without duplicates."""
        touched = dict.fromkeys((*self.reads, *self.writes))
        return tuple(each for each in touched if issubclass(each, StoredObject))

    @property
    def memory(self) -> int:
        """MB: the maximum that one of its kinds of objects needs."""
        return max((each.memory for each in self.stored_objects), default=StoredObject.memory)

    @property
    def ephemeral_storage(self) -> int:
        """MB of /tmp: the maximum that one of its kinds of objects needs."""
        needed = (each.ephemeral_storage for each in self.stored_objects)
        return max(needed, default=StoredObject.ephemeral_storage)

    @property
    def layers(self) -> tuple[str, ...]:
        """The folders below ``layers`` with the packages that it needs in addition to the common
        ones.
        """
        return tuple(sorted({layer for each in self.stored_objects for layer in each.layers}))

    @property
    def area(self) -> str:
        """The folder below ``functions`` that contains the declaration."""
        return self.module.split(".")[-2]


class Metadata(TypedDict):
    """The name and documentation of a declaration."""

    name: str
    module: str
    summary: str
    description: str


def describe(function: Callable[..., object]) -> Metadata:
    """Name, module, summary and description of a declared function.

    Raises WrongDeclaration when its file has another name or the docstring is missing.
    """
    name = function.__name__
    file = function.__module__.rpartition(".")[2]
    if file != name:
        raise WrongDeclaration(
            f"{name} is declared in {file}.py. Rename the file to {name}.py, so that file, "
            "function, Lambda function and journal action have the same name."
        )
    docstring = inspect.getdoc(function)
    if not docstring:
        raise WrongDeclaration(
            f"{name} has no docstring. Write one sentence that says what it does. It becomes the "
            "summary in the API document."
        )
    summary, _, rest = docstring.partition("\n\n")
    return {
        "name": name,
        "module": function.__module__,
        "summary": " ".join(summary.split()),
        "description": rest.strip(),
    }


def check_resources(name: str, reads: tuple[Any, ...], writes: tuple[Any, ...]) -> None:
    """Raise WrongDeclaration for a resource that no IAM policy can be derived from."""
    for word, resources in (("reads", reads), ("writes", writes)):
        for resource in resources:
            kinds = (Entity, Row, SigningKey, Account, SecondFactor, Mail, StoredObject)
            if not (isinstance(resource, type) and issubclass(resource, kinds)):
                raise WrongDeclaration(
                    f"{name} {word} {resource!r}, from which no IAM policy can be derived. Use "
                    "entities, rows, signing keys, stored objects, Account or Mail."
                )


def read_signature(function: Callable[..., object]) -> tuple[dict[str, Any], Any]:
    """The types of the parameters in order, and the return type. Raises WrongDeclaration when a
    type is missing.
    """
    hints = get_type_hints(function)
    result = hints.pop("return", None)
    missing = [each for each in inspect.signature(function).parameters if each not in hints]
    if missing:
        raise WrongDeclaration(
            f"{function.__name__} has no type annotation for {', '.join(missing)}. Annotate every "
            "parameter: requests and answers are derived from the types."
        )
    return hints, result
