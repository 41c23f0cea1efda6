"""All declarations in ``functions/``, the source of everything that is generated."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rollcall.kit.declaration import Declaration
from rollcall.kit.delivery import Subscriptions
from rollcall.kit.dispatch import EntryDispatch
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.job import Job
from rollcall.kit.operation import Operation
from rollcall.kit.reaction import (
    CognitoReaction,
    DeploymentGuard,
    DeploymentReaction,
    JournalWatch,
    StreamReaction,
)

FUNCTIONS = Path(__file__).parents[2] / "functions"


class Catalog(NamedTuple):
    """The declarations by kind, each sorted by area and name."""

    operations: tuple[Operation[Any, Any], ...]
    jobs: tuple[Job[Any], ...]
    stream_reactions: tuple[StreamReaction, ...]
    cognito_reactions: tuple[CognitoReaction, ...]
    deployment_reactions: tuple[DeploymentReaction, ...]
    deployment_guards: tuple[DeploymentGuard, ...]
    journal_watches: tuple[JournalWatch, ...]
    entry_dispatches: tuple[EntryDispatch, ...]

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """The declarations of all kinds."""
        return tuple(each for kind in self for each in kind)

    @property
    def subscriptions(self) -> Subscriptions:
        """What each stream reaction reacts to, by its name."""
        return {each.name: each.kinds for each in self.stream_reactions}


@cache
def read_catalog() -> Catalog:
    """Import every file in ``functions/`` and collect its declaration.

    Raises WrongDeclaration, with the solution, for a file without a declaration, for two functions
    with the same name, for two operations with the same route, and for a reaction that receives no
    entries.
    """
    files = sorted(FUNCTIONS.glob("*/*.py"))
    found = [read_declaration(file) for file in files]
    catalog = Catalog(
        operations=_of_kind(Operation, found),
        jobs=_of_kind(Job, found),
        stream_reactions=_of_kind(StreamReaction, found),
        cognito_reactions=_of_kind(CognitoReaction, found),
        deployment_reactions=_of_kind(DeploymentReaction, found),
        deployment_guards=_of_kind(DeploymentGuard, found),
        journal_watches=_of_kind(JournalWatch, found),
        entry_dispatches=_of_kind(EntryDispatch, found),
    )
    check_unique(catalog)
    check_dispatched(catalog)
    return catalog


def check_unique(catalog: Catalog) -> None:
    """Raise WrongDeclaration for a duplicate name or route."""
    names: dict[str, Declaration] = {}
    for declaration in catalog.declarations:
        other = names.setdefault(declaration.name, declaration)
        if other is not declaration:
            raise WrongDeclaration(
                f"{declaration.name} is in {other.area} and in {declaration.area}. Rename one: "
                "names of functions are unique across areas."
            )
    routes: dict[str, str] = {}
    for operation in catalog.operations:
        route = f"{operation.method} {operation.path}"
        first = routes.setdefault(route, operation.name)
        if first != operation.name:
            raise WrongDeclaration(
                f"{operation.name} and {first} both have the route {route}. Change one."
            )


def check_dispatched(catalog: Catalog) -> None:
    """Raise WrongDeclaration for a second dispatch, because a stream has at most two readers, and
    for a reaction that no dispatch invokes.
    """
    names = [each.name for each in catalog.entry_dispatches]
    if len(names) > 1:
        raise WrongDeclaration(f"{' and '.join(names)} both dispatch entries. Keep one of them.")
    areas = {each.area for each in catalog.entry_dispatches}
    for reaction in catalog.stream_reactions:
        if reaction.area not in areas:
            raise WrongDeclaration(
                f"{reaction.name} is in functions/{reaction.area}, where nothing dispatches "
                "journal entries. Move it to the folder of dispatch_entries."
            )


def _of_kind[D: Declaration](kind: type[D], found: list[Declaration]) -> tuple[D, ...]:
    return tuple(each for each in found if isinstance(each, kind))


def read_declaration(file: Path) -> Declaration:
    """The declaration of one file in ``functions/``. Raises WrongDeclaration with the solution."""
    module = importlib.import_module(f"functions.{file.parent.name}.{file.stem}")
    declared = getattr(module, file.stem, None)
    if not isinstance(declared, Declaration):
        raise WrongDeclaration(
            f"functions/{file.parent.name}/{file.name} has no declaration {file.stem}. "
            f"Decorate a function {file.stem} with @operation, @job or one of the reactions."
        )
    return declared
