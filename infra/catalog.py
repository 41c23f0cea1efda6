"""Everything that is declared below ``functions/``: the source of all that is derived."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rollcall.kit.declaration import Declaration
from rollcall.kit.errors import WrongDeclaration
from rollcall.kit.job import Job
from rollcall.kit.operation import Operation
from rollcall.kit.reaction import CognitoReaction, DeploymentReaction, StreamReaction

FUNCTIONS = Path(__file__).parents[1] / "functions"


class Catalog(NamedTuple):
    """The declarations by kind, each in order of area and name."""

    operations: tuple[Operation[Any, Any], ...]
    jobs: tuple[Job[Any], ...]
    stream_reactions: tuple[StreamReaction, ...]
    cognito_reactions: tuple[CognitoReaction, ...]
    deployment_reactions: tuple[DeploymentReaction, ...]

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """All of them."""
        return tuple(each for kind in self for each in kind)


@cache
def read_catalog() -> Catalog:
    """Import every file below ``functions/`` and collect what it declares.

    Raises WrongDeclaration, with the mend, for a file that declares nothing, for two functions of
    one name, and for two operations on one route.
    """
    files = sorted(FUNCTIONS.glob("*/*.py"))
    found = [read_declaration(file) for file in files]
    catalog = Catalog(
        operations=_of_kind(Operation, found),
        jobs=_of_kind(Job, found),
        stream_reactions=_of_kind(StreamReaction, found),
        cognito_reactions=_of_kind(CognitoReaction, found),
        deployment_reactions=_of_kind(DeploymentReaction, found),
    )
    check_unique(catalog)
    return catalog


def check_unique(catalog: Catalog) -> None:
    """Raise WrongDeclaration when a name or a route is taken twice."""
    names: dict[str, Declaration] = {}
    for declaration in catalog.declarations:
        other = names.setdefault(declaration.name, declaration)
        if other is not declaration:
            raise WrongDeclaration(
                f"{declaration.name} stands in {other.area} and in {declaration.area}; rename one: "
                "names of functions are unique across areas."
            )
    routes: dict[str, str] = {}
    for operation in catalog.operations:
        route = f"{operation.method} {operation.path}"
        first = routes.setdefault(route, operation.name)
        if first != operation.name:
            raise WrongDeclaration(
                f"{operation.name} and {first} both answer {route}; give one another route."
            )


def _of_kind[D: Declaration](kind: type[D], found: list[Declaration]) -> tuple[D, ...]:
    return tuple(each for each in found if isinstance(each, kind))


def read_declaration(file: Path) -> Declaration:
    """What one file below ``functions/`` declares; raises WrongDeclaration with the mend."""
    module = importlib.import_module(f"functions.{file.parent.name}.{file.stem}")
    declared = getattr(module, file.stem, None)
    if not isinstance(declared, Declaration):
        raise WrongDeclaration(
            f"functions/{file.parent.name}/{file.name} declares nothing called {file.stem}; "
            f"decorate a function {file.stem} with @operation, @job or one of the reactions."
        )
    return declared
